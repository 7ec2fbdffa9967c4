"""One observation a request over HTTP, acknowledged after commit, against django-ogc-sensorthings and a bare answer.

Both sides run in one process of granian's; wrk keeps 32 connections busy. The peer runs under WSGI, where it is faster
than under ASGI here, with synchronous=NORMAL; ours commits with synchronous=FULL before it answers.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path

from bench import harness as h

RUN = itertools.count()


def run() -> None:
    python = h.peer_python()
    ports = h.free_port(), h.free_port()
    with tempfile.TemporaryDirectory() as home, h.system() as ours:
        environment = {"PEER_HOME": home}
        with h.process(python, "sensorthings_site.py", cwd=h.PEERS, **environment) as setup:
            setup.wait(60)
        granian = python.parent / "granian"
        with (
            h.process(
                granian,
                "--interface",
                "wsgi",
                "--no-ws",
                "--port",
                str(ports[0]),
                "--blocking-threads",
                "4",
                "sensorthings_site:wsgi",
                cwd=h.PEERS,
                log=Path(home) / "log",
                **environment,
            ),
            h.process(granian, "--interface", "wsgi", "--no-ws", "--port", str(ports[1]), "bare:wsgi", cwd=h.PEERS),
        ):
            peer = f"http://127.0.0.1:{ports[0]}/sensorthings/v1.1"
            h.wait_for(f"{peer}/Things")
            h.wait_for_port(ports[1])
            stream, feature = _peer_entities(peer)
            ids = [str(one["@iot.id"]) for one in ours.datastreams]
            quote = '"' if isinstance(ours.datastreams[0]["@iot.id"], str) else ""
            before = _count(ours)

            def post_ours() -> float:
                return h.wrk(
                    f"{ours.url}/sensorthings/v1.1/Observations",
                    connections=32,
                    headers=ours.auth,
                    script=h.observation_script(ids, run=next(RUN), quote=quote),
                )

            def post_peer() -> float:
                return h.wrk(
                    f"{peer}/Observations",
                    connections=32,
                    script=h.observation_script(
                        [stream], run=next(RUN), quote='"', extra=f',"FeatureOfInterest":{{"@iot.id":"{feature}"}}'
                    ),
                )

            def bare() -> float:
                return h.wrk(
                    f"http://127.0.0.1:{ports[1]}/",
                    connections=32,
                    script=h.observation_script(ids, run=next(RUN), quote=quote),
                )

            our_rate, peer_rate, raw_rate = h.interleave(post_ours, post_peer, bare)
            assert _count(ours) - before > our_rate, "what was acknowledged is not stored"
    h.report("ingest_http_peer", our_rate, peer_rate, "obs/s", what="django-ogc-sensorthings", aim="10")
    h.report("ingest_http_raw", our_rate, raw_rate, "obs/s", what="bare WSGI answer", aim="0.15")


def _count(ours: h.System) -> int:
    body = h.get(f"{ours.url}/sensorthings/v1.1/Observations?$count=true&$top=0", timeout=60)[1]
    return int(json.loads(body)["@iot.count"])


def _peer_entities(peer: str) -> tuple[str, str]:
    """A datastream and a feature of interest of the peer; returns their ids."""
    thing = {
        "name": "t",
        "description": "d",
        "properties": {},
        "Locations": [],
        "Datastreams": [
            {
                "name": "d",
                "description": "d",
                "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
                "unitOfMeasurement": {"name": "m", "symbol": "m", "definition": "m"},
                "Sensor": {"name": "s", "description": "s", "encodingType": "application/pdf", "metadata": "x"},
                "ObservedProperty": {"name": "o", "definition": "http://example.org/o", "description": "o"},
            }
        ],
    }
    feature = {
        "name": "f",
        "description": "d",
        "encodingType": "application/geo+json",
        "feature": {"type": "Point", "coordinates": [117.1, -0.5]},
    }
    assert h.post(f"{peer}/Things", thing)[0] == 201
    assert h.post(f"{peer}/FeaturesOfInterest", feature)[0] == 201
    return (
        json.loads(h.get(f"{peer}/Datastreams")[1])["value"][0]["@iot.id"],
        json.loads(h.get(f"{peer}/FeaturesOfInterest")[1])["value"][0]["@iot.id"],
    )
