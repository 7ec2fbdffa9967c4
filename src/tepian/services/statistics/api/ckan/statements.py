"""`datastore_search_sql`: one SELECT of one resource. What is safe about it stands in `toolkit/cube/selects.py`; here it is
given the public figures of a published edition, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.documents.queries import path_of
from tepian.toolkit import cube

from ...queries import data
from ..answers import Refused
from .datastore import Table, Wrong, records
from .packages import Resource

TYPES = {"DOUBLE": "numeric", "BIGINT": "int8", "HUGEINT": "numeric", "INTEGER": "int4", "BOOLEAN": "bool"}
REFUSED = {
    "too_long": _("The SQL is too long: at most %(most)s characters."),
    "too_complex": _("The SQL is too large: fewer columns, shorter texts, at most two wildcards in a pattern."),
    "syntax": _("The SQL could not be read: %(message)s"),
    "wrong_use": _("The SQL cannot be answered: %(message)s"),
    "only_select": _("Only SELECT can be run here; nothing can be changed."),
    "several_statements": _("Send one SELECT at a time."),
    "not_supported": _("This part of SQL is not offered: %(what)s. Joins, WITH and windows are not; one subquery is."),
    "field_unknown": _("There is no such field: %(name)s."),
}
FAILED = {
    "timeout": _("The answer takes too long. Ask for fewer figures, for instance one indicator."),
    "memory": _("The answer needs too much memory. Ask for fewer groups."),
}


def search(text: str, find: Callable[[str], Resource | None]) -> dict[str, Any] | None:
    """The answer to one SELECT of one resource that `find` knows by its name; none where it does not.

    Raises Wrong, Refused for a function that is not offered, and EngineFailed."""
    engine = data.strangers()
    try:
        names = engine.tables(text)
        if len(names) != 1:
            raise Wrong("query", _("Name one table in FROM: the id of a resource, in double quotation marks."))
        resource = find(*names)
        if resource is None:
            return None
        table = Table(resource)
        found = engine.select(
            [path_of(resource.flow.edition.data_file)],
            text,
            table=resource.id,
            fields={name: table.column(name, "query") for name in table.types},
            where=resource.where,
            classifications=table.classifications(),
        )
    except cube.QueryRefused as refusal:
        if refusal.code == "function_unknown":
            raise Refused(403, _("This function is not offered: %(name)s."), **refusal.params) from None
        if refusal.code == "table_unknown":
            return None
        values = {name: str(value) for name, value in refusal.params.items()}
        raise Wrong("query", REFUSED[refusal.code], **values) from None
    except cube.EngineFailed as failed:
        if failed.code in FAILED:
            raise Wrong("query", FAILED[failed.code]) from None
        raise
    names_ = [name for name, _type in found.columns]
    answer: dict[str, Any] = {
        "sql": text,
        "fields": [{"id": name, "type": TYPES.get(kind, "text")} for name, kind in found.columns],
        "records": records(found.rows, names_, "objects"),
    }
    return answer | ({"records_truncated": True} if found.truncated else {})
