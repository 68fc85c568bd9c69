"""The colours of charts and of pictures of networks, on light and on dark ground."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """Colours as CSS; colour-blind readers can tell the series (Okabe and Ito) apart."""

    ink: str
    rule: str
    paper: str
    series: tuple[str, ...]


LIGHT = Theme(
    ink="#33373d",
    rule="#d5d8dd",
    paper="#ffffff",
    series=("#0072b2", "#d55e00", "#009e73", "#b3589a", "#56b4e9", "#c98a00"),
)
DARK = Theme(
    ink="#d3d6db",
    rule="#3c4149",
    paper="#16181c",
    series=("#56b4e9", "#e9964a", "#2cc79a", "#e08cc4", "#9ad7ff", "#f0c040"),
)
VARIABLES = ("ink", "rule", *(f"series-{i}" for i in range(len(LIGHT.series))))
"""Names of a theme's colours as variables of CSS, which SVGs are drawn with: --ink, --series-0."""


def css(theme: Theme) -> str:
    """Return the CSS declarations of the `VARIABLES`."""
    return " ".join(f"--{name}: {colour};" for name, colour in named(theme).items())


def style_element() -> str:
    """Return the <style> of an SVG that is a file of its own: light or dark as its page is."""
    dark = f"@media (prefers-color-scheme: dark) {{svg{{{css(DARK)}}}}}"
    return f"<style>svg{{{css(LIGHT)}}} {dark}</style>"


def named(theme: Theme) -> dict[str, str]:
    """Return the colours of a theme by the names in `VARIABLES`."""
    return dict(zip(VARIABLES, (theme.ink, theme.rule, *theme.series), strict=True))
