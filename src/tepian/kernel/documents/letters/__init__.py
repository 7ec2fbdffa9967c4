"""Letters of the city: texts that it edits, in versions, under an office's head, as PDF/A.

A text says what stands in a letter (`texts`), a version when it is in force (`keeping`), a head who writes (`letterheads`);
`setting` makes the PDF of them.
"""

from __future__ import annotations

from ..letterheads import Head, head_of
from .keeping import template_on, versions_of
from .setting import render_letter
from .texts import Field

__all__ = ["Field", "Head", "head_of", "render_letter", "template_on", "versions_of"]
