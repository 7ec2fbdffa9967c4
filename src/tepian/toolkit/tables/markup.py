"""HTML tables, as many programs save them under the name .xls."""

from __future__ import annotations

from lxml import etree, html

from .delimited import decode
from .grids import Grid
from .parts import Limits, Unreadable


def is_markup(data: bytes) -> bool:
    head = data[:4096].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    return head.startswith(
        (b"<html", b"<!doctype html", b"<table", b"<meta", b"<head", b"<style", b"<div", b"<body")
    ) or (head.startswith((b"<", b"<?xml")) and b"<html" in head)


def grids_of(data: bytes, limits: Limits) -> tuple[list[Grid], str]:
    """One grid for each table that contains no other one, and the encoding. Raises `Unreadable`."""
    declared = _declared(data)
    text, encoding = (data.decode(declared, "replace"), declared) if declared else decode(data)
    parser = html.HTMLParser(no_network=True, huge_tree=False, encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise Unreadable("broken", detail=str(error)) from None
    grids: list[Grid] = []
    taken = 0
    for table in root.iter("table"):
        if table.find(".//table") is not None:
            continue
        if len(grids) >= limits.sheets:
            raise Unreadable("too_many_sheets", count=len(grids) + 1, limit=limits.sheets)
        grid, taken = _grid(table, len(grids) + 1, limits, taken)
        if grid.rows:
            grids.append(grid)
    return grids, encoding


def _declared(data: bytes) -> str:
    """The encoding that the page names, when Python knows it and the bytes have no mark of their own."""
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return ""
    head = data[:2048].lower()
    _before, found, rest = head.partition(b"charset=")
    name = (
        rest.lstrip(b"\"'")
        .split(b'"')[0]
        .split(b"'")[0]
        .split(b">")[0]
        .split(b";")[0]
        .strip()
        .decode("ascii", "ignore")
    )
    if not found or name in {"", "utf-8", "utf8"}:
        return ""
    try:
        b"".decode(name)
    except LookupError:
        return ""
    return "cp1252" if name in {"iso-8859-1", "latin-1", "ascii", "us-ascii"} else name


def _grid(table: html.HtmlElement, number: int, limits: Limits, taken: int) -> tuple[Grid, int]:
    grid = Grid(str(number) if number > 1 else "", is_text=True)
    held: set[tuple[int, int]] = set()  # places that a cell above reaches down into
    rows: list[list[str]] = [[title]] if (title := _title(table)) else []
    cells = 0
    for line, tr in enumerate(table.iter("tr"), len(rows) + 1):
        row: list[str] = []
        for cell in tr.iterchildren("td", "th"):
            while (line, len(row) + 1) in held:
                row.append("")
            across, down = _span(cell, "colspan", limits.columns), _span(cell, "rowspan", 1000)
            column = len(row) + 1
            cells += across * down
            if cells > limits.cells or taken + cells > limits.area:
                raise Unreadable("too_many_cells", limit=limits.cells)
            if across > 1 or down > 1:
                grid.facts.merges.append((line, column, line + down - 1, column + across - 1))
                held.update((line + n, column + m) for n in range(1, down) for m in range(across))
            row.append(" ".join("".join(cell.itertext()).split()))
            row.extend([""] * (across - 1))
            if len(row) > limits.columns:
                raise Unreadable("too_many_columns", sheet=grid.sheet, count=len(row), limit=limits.columns)
        rows.append(row)
    return grid, grid.fill(rows, limits, taken=taken)  # type: ignore[arg-type]


def _title(table: html.HtmlElement) -> str:
    """The table's caption, or the heading or paragraph right before it."""
    caption = table.find("caption")
    before = table.getprevious() if caption is None else caption
    if before is None or (
        caption is None and before.tag not in {"h1", "h2", "h3", "h4", "h5", "h6", "p", "b", "strong"}
    ):
        return ""
    return " ".join(before.text_content().split())[:300]


def _span(cell: html.HtmlElement, name: str, most: int) -> int:
    text = cell.get(name, "1").strip()
    return min(max(1, int(text)), most) if text.isdigit() and len(text) < 9 else 1
