"""The pattern of the day as a picture: one curve before and one after adjustment, of one unit, with bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tickwright.app.report import theme
from tickwright.app.report.arrays import packed
from tickwright.app.report.factors.day import MEASURES, Pattern
from tickwright.app.report.factors.views import Z95
from tickwright.app.report.numbers import percent


def figure(patterns: Sequence[Pattern], labels: Sequence[str]) -> dict[str, Any]:
    """All measures; the page shows the chosen one. `labels`: exchange time of every minute."""
    data: list[dict[str, Any]] = []
    for one in patterns:
        meta = {"policy": one.name}
        for name, colour, fill, curve, error in (
            ("before", theme.ASK, "rgba(181,83,42,0.18)", one.before, one.before_error),
            ("after", theme.BID, "rgba(31,111,139,0.22)", one.after, one.after_error),
        ):
            edge = {"type": "scatter", "mode": "lines", "x": list(labels), "line": {"width": 0}, "hoverinfo": "skip",
                    "showlegend": False, "meta": meta}  # fmt: skip
            data += [
                {**edge, "y": packed(curve - Z95 * error, "f4")},
                {**edge, "y": packed(curve + Z95 * error, "f4"), "fill": "tonexty", "fillcolor": fill},
                {
                    "type": "scatter", "mode": "lines", "name": f"{name} adjustment", "x": list(labels), "meta": meta,
                    "y": packed(curve, "f4"), "line": {"color": colour, "width": 1.5},
                    "hovertemplate": "%{x}: %{y:+.3f}<extra>" + name + "</extra>",
                },
            ]  # fmt: skip
    layout = theme.layout(
        360,
        xaxis=theme.axis("exchange time", type="category", nticks=14),
        yaxis=theme.axis("less the mean of earlier sessions", zeroline=True, zerolinecolor=theme.MUTED),
    )
    return {"data": data, "layout": {**layout, "margin": {"l": 70, "r": 24, "t": 34, "b": 48}}}


def table(patterns: Sequence[Pattern]) -> list[tuple[str, ...]]:
    """One line a measure: unit, share explained by the minute and correlation with yesterday's, before and after."""
    return [
        (
            one.name, MEASURES[one.name], f"{one.symbols:,}", f"{one.sessions:,}", f"{one.cells:,}",
            *(f"{percent(share, 2)} %" for share in one.explained),
            *(f"{echo:.3f}" for echo in one.echo),
        )
        for one in patterns
    ]  # fmt: skip
