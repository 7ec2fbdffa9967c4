"""Published tables of statistics: one Parquet file each, written whole and asked by plain values.

`write` makes a file, an `Engine` answers a `Query` to one or several, `suppress` hides small figures before they are
written. DuckDB is the engine of the house; `Ibis` answers the same queries on a database that the operator has.
"""

from __future__ import annotations

from .duck import DuckDB
from .engine import Engine
from .ibis_engine import Ibis
from .parts import CubeError, EngineFailed, QueryRefused, Result, Row, RowsRefused, Schema, TableUnreadable, Written
from .query import Classification, Measure, Query, Range, Top
from .selects import Selected, Selects
from .suppression import suppress
from .writing import write, write_from

__all__ = [
    "Classification",
    "CubeError",
    "DuckDB",
    "Engine",
    "EngineFailed",
    "Ibis",
    "Measure",
    "Query",
    "QueryRefused",
    "Range",
    "Result",
    "Row",
    "RowsRefused",
    "Schema",
    "Selected",
    "Selects",
    "TableUnreadable",
    "Top",
    "Written",
    "suppress",
    "write",
    "write_from",
]
