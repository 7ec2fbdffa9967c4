"""The demonstration: a city from its pack, sign-ins for every role, and a storm that plays."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

from django.conf import settings

from tepian.kernel.actors import system
from tepian.kernel.catalogue import packs
from tepian.kernel.identity import operations as identity
from tepian.kernel.identity.models import DeviceKey
from tepian.kernel.residents import demo as residents
from tepian.services.assessment import demo as assessment
from tepian.services.dispatch import demo as desk
from tepian.services.feedback import demo as feedback
from tepian.services.literacy import demo as literacy
from tepian.services.masterplan import demo as masterplan
from tepian.services.sensors import demo as storm
from tepian.services.statistics import demo as statistics
from tepian.services.ward_letters import demo as ward_letters
from tepian.settings.base import knobs

KEY_FILE = "demo-device-key"
ACTOR = system("demo", "Demo")


def prepare(pack: Path, home: Path) -> None:
    """Load the pack, write `demo-accounts.json`, and keep a device key for the storm."""
    packs.load_pack(pack, ACTOR)
    residents.make_residents(actor=ACTOR)
    desk.man_the_units(actor=ACTOR)
    statistics.publish_examples(actor=ACTOR, pack=pack)
    assessment.make_assessments(actor=ACTOR)
    literacy.publish_examples(actor=ACTOR)
    masterplan.publish_examples(actor=ACTOR)
    ward_letters.publish_examples(actor=ACTOR)
    feedback.publish_examples(actor=ACTOR)
    key_file = home / KEY_FILE
    if not key_file.exists() or not DeviceKey.objects.filter(name="demo-storm", revoked_at=None).exists():
        DeviceKey.objects.filter(name="demo-storm").delete()
        _, secret = identity.issue_device_key(actor=ACTOR, name="demo-storm")
        key_file.write_text(secret)
        key_file.chmod(0o600)


def simulate(pack: Path, *, speed: float) -> None:
    """Play the storm from its beginning, until stopped."""
    storm.begin(actor=ACTOR, pack=pack, speed=speed)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    key = (settings.HOME / KEY_FILE).read_text().strip()
    calls = threading.Thread(
        target=desk.play_calls,
        args=(stop,),
        kwargs={"http_base": settings.BASE_URL, "device_key": key, "speed": speed},
        daemon=True,
    )
    calls.start()
    storm.play(stop, mqtt_port=knobs.mqtt_port, http_base=settings.BASE_URL, device_key=key)
