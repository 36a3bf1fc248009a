"""Pictures of a calibration: a fact of the recorded day beside the simulated one, each with its band. Plotly's form."""

from __future__ import annotations

from typing import Any

import numpy as np

from tickwright.app.report import theme
from tickwright.app.report.arrays import packed
from tickwright.calibrate.definitions import DEFINITIONS, Definition
from tickwright.calibrate.distance import band
from tickwright.calibrate.facts import Fact
from tickwright.calibrate.impact import ImpactTable

HEIGHT = 300
RECORDED, SIMULATED = theme.BID, theme.ASK
_TINTS = {RECORDED: "rgba(31,111,139,0.16)", SIMULATED: "rgba(181,83,42,0.16)"}
_TAIL = 0.001
"""Weight of a distribution that may stand beyond the picture's edge."""


def figure(recorded: Fact, simulated: Fact, seed: int) -> dict[str, Any]:
    """Both days over x; shaded, the 95 % band of resampled blocks of time."""
    words = DEFINITIONS[recorded.name]
    window = _window(recorded, simulated)
    data = [
        trace
        for fact, name, colour in ((recorded, "recorded", RECORDED), (simulated, "simulated", SIMULATED))
        for trace in _traces(fact, name, colour, window, words, seed)
    ]
    layout = theme.layout(
        HEIGHT,
        xaxis=_x_axis(words, recorded.x[window]),
        yaxis=theme.axis(words.y, zeroline=True, zerolinecolor=theme.RULE),
        hovermode="x unified",
        margin={"l": 56, "r": 16, "t": 28, "b": 44},
    )
    return {"data": data, "layout": layout}


def impact_figure(table: ImpactTable) -> dict[str, Any]:
    """Impact at the end of a metaorder and one more length later, over participation, a line for each length."""
    data: list[dict[str, Any]] = []
    for number, seconds in enumerate(sorted({row.seconds for row in table.rows})):
        rows = sorted((r for r in table.rows if r.seconds == seconds), key=lambda r: r.participation)
        colour = theme.POLICIES[number % len(theme.POLICIES)]
        for name, dash, values, errors in (
            ("at the end", "solid", [r.at_end for r in rows], [r.at_end_error for r in rows]),
            ("as long again later", "dot", [r.after_as_long for r in rows], [r.after_error for r in rows]),
        ):
            data.append(
                {
                    "type": "scatter", "mode": "lines+markers", "name": f"{seconds:g} s, {name}",
                    "x": [r.participation for r in rows], "y": values,
                    "error_y": {"type": "data", "array": [1.96 * e for e in errors], "thickness": 1},
                    "line": {"color": colour, "dash": dash},
                }
            )  # fmt: skip
    layout = theme.layout(
        360, xaxis=theme.axis("participation", type="log"), yaxis=theme.axis("ticks", rangemode="tozero")
    )
    return {"data": data, "layout": layout}


def _window(recorded: Fact, simulated: Fact) -> slice:
    """The part of x where either day has anything to show."""
    shown = np.zeros(recorded.x.size, bool)
    for fact in (recorded, simulated):
        y, known = fact.value()
        if fact.kind == "distribution":
            total = np.cumsum(y)
            # Up to the last thousandth on either end, so that one wide spread does not squeeze the rest.
            shown |= (total > _TAIL) & (total - y < 1 - _TAIL) & (y.sum() > 0)
        else:
            shown |= known
    held = np.flatnonzero(shown)
    return slice(int(held[0]), int(held[-1]) + 1) if held.size else slice(0, recorded.x.size)


def _traces(
    fact: Fact, name: str, colour: str, window: slice, words: Definition, seed: int
) -> list[dict[str, Any]]:  # fmt: skip
    y, known = fact.value()
    low, high = band(fact, seed)
    here = np.flatnonzero(known[window]) + window.start
    if not here.size:
        return []
    x = _positions(fact.x, words)[here]
    around, edge = np.concatenate([x, x[::-1]]), np.concatenate([high[here], low[here][::-1]])
    dots = {"mode": "lines+markers", "marker": {"size": 5}} if fact.kind == "curve" else {"mode": "lines"}
    step = {"shape": "hvh"} if fact.kind == "distribution" else {}
    return [
        {
            "type": "scatter", "mode": "lines", "x": packed(around), "y": packed(edge), "fill": "toself",
            "fillcolor": _TINTS[colour], "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False,
        },
        {
            "type": "scatter", "name": name, "x": packed(x), "y": packed(y[here]), **dots,
            "line": {"color": colour, "width": 1.8, **step}, "hovertemplate": "%{y:.4g}",
        },
    ]  # fmt: skip


def _positions(x: np.ndarray, words: Definition) -> np.ndarray:
    return 10.0**x if words.axis == "decades" else x.astype(np.float64)


def _x_axis(words: Definition, x: np.ndarray) -> dict[str, Any]:
    if words.axis in ("log", "decades"):
        return theme.axis(words.x, type="log", dtick=1, exponentformat="power")
    if words.axis == "doublings":
        ticks = [int(k) for k in x]
        labels = ["0" if k == 0 else f"{2 ** (k - 1):,}" for k in ticks]
        every = max(1, len(ticks) // 8)
        return theme.axis(words.x, tickvals=ticks[::every], ticktext=labels[::every])
    return theme.axis(words.x)
