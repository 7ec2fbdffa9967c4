"""Observations as SDMX-CSV 1.0 and 2.0."""

from __future__ import annotations

import csv
import io

from ...queries import standards
from .artefacts import attributes_of
from .asking import Asked, number, observations
from .ml_data import own_attributes, series_attributes


def write(asked: Asked, language: str, *, newer: bool, labels: str = "id") -> bytes:
    """`labels` "both" writes “code: name” and “id: name” for the header, as the standard has it."""
    flow = asked.flow
    name = f"{standards.agency()[0]}:{flow.id}({flow.version})"
    head = ["STRUCTURE", "STRUCTURE_ID", "ACTION"] if newer else ["DATAFLOW"]
    start = ["dataflow", name, "R"] if newer else [name]
    attributes = [ident for ident, _codes, _series in attributes_of(flow)] if asked.attributes else []
    lists = {ident: codes for ident, codes, _series in attributes_of(flow)}

    def label(codes: standards.Codelist | None, ident: str) -> str:
        if labels != "both" or codes is None:
            return ident
        found = codes.by_id.get(ident)
        return f"{ident}: {found.name.best(language)}" if found else ident

    columns = [f"{part.id}: {part.name.best(language)}" if labels == "both" else part.id for part in flow.parts]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*head, *columns, "OBS_VALUE", *attributes])
    for row in observations(asked):
        own = own_attributes(row) | series_attributes(flow, row.indicator)
        key = [label(part.codelist, ident) for part, ident in zip(flow.parts, row.key, strict=True)]
        value = number(row.value) if asked.values and row.value is not None else ""
        writer.writerow([*start, *key, value, *(label(lists[ident], own[ident]) for ident in attributes)])
    return out.getvalue().encode()
