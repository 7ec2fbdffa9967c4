"""Documents of the house as PDF/A: searchable, tagged, with bookmarks, the same on every machine, without the network.

Build a `Document` of blocks and give it to `pdf`; whoever has a template of their own calls `render`.
"""

from __future__ import annotations

from .composing import LONGEST_IN_TEXT, breakable, pdf
from .parts import (
    Block,
    Chart,
    Column,
    Document,
    Facts,
    Heading,
    Note,
    PageBreak,
    Paragraph,
    Picture,
    Points,
    Table,
    TooLarge,
    TooLong,
    TypesetError,
)
from .rendering import pictures, render

__all__ = [
    "LONGEST_IN_TEXT",
    "Block",
    "Chart",
    "Column",
    "Document",
    "Facts",
    "Heading",
    "Note",
    "PageBreak",
    "Paragraph",
    "Picture",
    "Points",
    "Table",
    "TooLarge",
    "TooLong",
    "TypesetError",
    "breakable",
    "pdf",
    "pictures",
    "render",
]
