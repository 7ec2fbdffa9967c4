"""A bar that tells what is proven from what is only said, as SVG made on the server."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe


def progress_bar(proven: float | None, claimed: float | None = None, *, title: Any = "") -> SafeString:
    """Percent of 100: the proven part solid, what is claimed beyond it pale. Values outside 0 to 100 end at the edge;
    None is nothing. `title` says the numbers in words, for the bar itself shows none."""
    parts = [SafeString('<rect class="alas" width="100" height="8"/>')]
    for name, value in (("klaim", claimed), ("bukti", proven)):
        width = min(100.0, max(0.0, value or 0.0))
        if width:
            parts.append(
                format_html('<rect class="{}" width="{}" height="8"/>', name, f"{width:.2f}".rstrip("0").rstrip("."))
            )
    label = format_html(' role="img" aria-label="{}"', title) if title else SafeString(' aria-hidden="true"')
    return format_html(
        '<svg class="maju" viewBox="0 0 100 8" preserveAspectRatio="none"{}>{}</svg>', label, mark_safe("".join(parts))
    )
