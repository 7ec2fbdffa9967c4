"""What a document is made of, as data. Texts are plain: nothing in them is ever read as markup.

A newline in a text starts a new line. Numbers and dates come as texts, written as the reader's language writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .glyphs import printable

Align = Literal["left", "centre", "right"]
LEVELS = 4  # of headings


@dataclass(frozen=True, slots=True)
class Heading:
    """A chapter (level 1) to a small heading (4). Its text is a bookmark; levels 1 and 2 are in the contents.
    Where nothing is in it, there is no heading."""

    text: str
    level: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.level <= LEVELS:
            raise ValueError(f"a heading's level is 1 to {LEVELS}, not {self.level}")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """`small` is for what is said beside: how a figure was computed, terms."""

    text: str
    small: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """A list with dots, or with numbers where the order counts."""

    items: Sequence[str]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Pairs of label and value, one below the other: "Penanggung jawab" – "Dinas Pekerjaan Umum"."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Column:
    """`width` is its share of the table's width; None: computed from what stands in it."""

    title: str
    align: Align = "left"
    width: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Breaks over pages and repeats its head. `totals` of the last rows are sums and set apart. `wide` gives the table
    pages of its own that lie on their side. With a caption
    it is counted: "Tabel 3. …"."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    source: str = ""
    totals: int = 0
    wide: bool = False

    def __post_init__(self) -> None:
        if not self.columns:
            raise ValueError("a table needs a column")
        given = [column.width for column in self.columns if column.width is not None]
        if any(width <= 0 for width in given) or sum(given) >= 1 + (len(given) == len(self.columns)):
            raise ValueError(f"shares of a table's width are above 0 and leave room for the other columns, not {given}")
        if wrong := next((row for row in self.rows if len(row) != len(self.columns)), None):
            raise ValueError(f"a row of {len(wrong)} cells in a table of {len(self.columns)} columns: {wrong!r}")


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo or drawing: PNG, JPEG or WebP, which loses what its camera wrote into it. `alt` says in words what is
    seen, for who cannot see it. `width` is the share of the text's width, above 0 to 1."""

    content: bytes
    alt: str
    caption: str = ""
    source: str = ""
    width: float = 1.0

    def __post_init__(self) -> None:
        _check_image(self.alt, self.width)


@dataclass(frozen=True, slots=True)
class Chart:
    """An SVG that stands alone (style inside). Its letters stay letters: they can be searched. As `Picture` otherwise."""

    svg: bytes
    alt: str
    caption: str = ""
    source: str = ""
    width: float = 1.0

    def __post_init__(self) -> None:
        _check_image(self.alt, self.width)


def _check_image(alt: str, width: float) -> None:
    if not printable(alt).strip():
        raise ValueError("a picture needs words for who cannot see it")
    if not 0 < width <= 1:
        raise ValueError(f"a picture's width is a share above 0 up to 1, not {width}")


@dataclass(frozen=True, slots=True)
class Note:
    """A box beside the text. `warning` is for what must not be overlooked. Without a title it is "Catatan"/"Perhatian"."""

    text: str
    title: str = ""
    warning: bool = False


@dataclass(frozen=True, slots=True)
class PageBreak:
    """What follows begins on a new page."""


Block = Heading | Paragraph | Points | Facts | Table | Picture | Chart | Note | PageBreak


@dataclass(frozen=True, slots=True)
class Document:
    """`language` is "id" or "en", also of the words that the house adds. `date_text` is shown as it is. `contents` puts
    the list of chapters on the first page, and what follows begins on the next. `numbered` numbers the headings."""

    title: str
    organisation: str
    language: str
    blocks: Sequence[Block]
    subtitle: str = ""
    date_text: str = ""
    contents: bool = False
    numbered: bool = False

    def __post_init__(self) -> None:
        if not printable(self.title).strip():
            raise ValueError("a document needs a title")
        if self.language not in ("id", "en"):
            raise ValueError(f"the house writes Indonesian (id) and English (en), not {self.language!r}")


class TypesetError(Exception):
    """The document could not be made. The text says what the typesetter said; it is for the log, not for the reader."""


class TooLong(TypesetError):
    """It took longer than allowed, or others were still at work; nothing of it was kept."""


class TooLarge(TypesetError):
    """It needed more memory than allowed."""
