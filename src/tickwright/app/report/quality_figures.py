"""Pictures of a check: rows, spread and findings over time; where rows are; where bars are. As Plotly dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tickwright.app.report import theme
from tickwright.app.report.arrays import packed
from tickwright.core.time import utc_day
from tickwright.core.units import DAY, MILLISECOND, MINUTE, SECOND
from tickwright.data.quality.codes import CODES
from tickwright.data.quality.tally import Timeline
from tickwright.run.quality.check import UnitResult

MOST_LINES = 120
"""Lines of a map; beyond, every n-th is drawn and the title says so."""
MAP_COLUMNS = 288
BAR_COLUMNS = 240
_PLOT, _LANE, _AROUND = 130, 20, 88
"""Pixels of a plot, of the lane of a code, and of what is around them."""
_COLOURS = {"error": theme.BAD, "warning": "#b08900", "info": theme.VOLUME}


def timeline(result: UnitResult) -> dict[str, Any]:
    """Rows by stretch of time, mean spread in ticks above, and a mark for each code where it was found."""
    line = result.timeline
    first, last = _reach(line)
    part = slice(first, last + 1)
    times = (line.begin + line.step * np.arange(first, last + 1)) / MILLISECOND
    data: list[dict[str, Any]] = [
        {
            "type": "scatter", "mode": "lines", "name": "rows", "x": packed(times),
            "y": packed(line.rows[part], "u4" if line.rows.max(initial=0) < 2**32 else "f8"),
            "line": {"color": theme.BID, "width": 1, "shape": "hv"}, "fill": "tozeroy",
            "fillcolor": "rgba(31,111,139,0.15)", "hovertemplate": "%{y:,} rows<extra></extra>",
        }
    ]  # fmt: skip
    has_spread = bool(line.spreads.any())
    if has_spread:
        here = np.flatnonzero(line.spreads[part])
        mean = line.spread_sum[part][here] / line.spreads[part][here]
        data.append(
            {
                "type": "scatter", "mode": "lines", "name": "mean spread", "x": packed(times[here]),
                "y": packed(mean, "f4"), "yaxis": "y2", "line": {"color": theme.ASK, "width": 1},
                "hovertemplate": "%{y:.2f} ticks<extra></extra>",
            }
        )  # fmt: skip
    codes = sorted(line.found)
    for code in codes:
        counts = line.found[code][part]
        here = np.flatnonzero(counts)
        data.append(
            {
                "type": "scatter", "mode": "markers", "name": code, "x": packed(times[here]),
                "y": [code] * int(here.size), "yaxis": "y3", "customdata": packed(counts[here], "f8"),
                "marker": {"symbol": "line-ns-open", "size": 9, "color": _COLOURS[CODES[code].severity]},
                "hovertemplate": code + ": %{customdata:,}<extra></extra>", "showlegend": False,
            }
        )  # fmt: skip
    lanes = _LANE * len(codes)
    height = _PLOT * (2 if has_spread else 1) + lanes + _AROUND
    inner = height - _AROUND
    low = lanes / inner
    floor = low + (0.02 if codes else 0)
    top = (1 + floor) / 2 - 0.03 if has_spread else 1.0
    layout = theme.layout(
        height,
        xaxis=theme.axis("UTC", type="date", anchor="y3" if codes else "y"),
        yaxis=theme.axis("rows", domain=[floor, top], rangemode="tozero", nticks=5),
    )
    layout["margin"] = {"l": 150, "r": 24, "t": 24, "b": _AROUND - 24}
    if has_spread:
        layout["yaxis2"] = theme.axis("spread, ticks", domain=[top + 0.06, 1], rangemode="tozero", nticks=5)
    if codes:
        layout["yaxis3"] = theme.axis(
            domain=[0, low], type="category", categoryorder="array", categoryarray=codes, tickmode="array",
            tickvals=codes, range=[-0.5, len(codes) - 0.5], showgrid=False,
        )  # fmt: skip
    return {"data": data, "layout": layout}


def gap_map(results: Sequence[UnitResult]) -> dict[str, Any]:
    """Rows by time of day, a line for each instrument, schema and day."""
    chosen, note = _thinned(results)
    lines = [r.timeline for r in chosen]
    spans = [(line.begin % DAY, *(line.step * k for k in _reach(line)), line.step) for line in lines]
    begin = min(start + first for start, first, _, _ in spans)
    end = max(start + last + step for start, _, last, step in spans)
    step = max(SECOND, *(line.step for line in lines), -(-(end - begin) // MAP_COLUMNS))
    grid = np.zeros((len(chosen), -(-(end - begin) // step)))
    for k, line in enumerate(lines):
        held = np.flatnonzero(line.rows)
        np.add.at(grid[k], (line.begin % DAY + held * line.step - begin) // step, line.rows[held])
    seconds = [(begin + k * step) // SECOND for k in range(grid.shape[1])]
    labels = [f"{s // 3600 % 24:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in seconds]
    return _map(chosen, np.log10(1.0 + grid), labels, f"time of the UTC day{note}", "rows, log", grid)


def coverage(results: Sequence[UnitResult]) -> dict[str, Any]:
    """Bars by time, a line for each instrument and length, on one axis of time."""
    chosen, note = _thinned(results)
    begin = min(r.timeline.begin for r in chosen)
    end = max(r.timeline.begin + r.timeline.step * r.timeline.rows.size for r in chosen)
    step = max(MINUTE, -(-(end - begin) // BAR_COLUMNS))
    columns = -(-(end - begin) // step)
    counts = np.zeros((len(chosen), columns))
    for k, result in enumerate(chosen):
        line = result.timeline
        held = np.flatnonzero(line.rows)
        at = (line.begin + held * line.step - begin) // step
        np.add.at(counts[k], np.minimum(at, columns - 1), line.rows[held])
    share = counts / np.maximum(1, counts.max(axis=1, keepdims=True))
    labels = [utc_day(begin + int(k) * step).isoformat() for k in range(columns)]
    if len(set(labels)) < columns:  # stretches of less than a day
        labels = [str(np.datetime64(begin + int(k) * step, "ns").astype("datetime64[m]")) for k in range(columns)]
    return _map(chosen, share, labels, f"UTC{note}", "share", counts)


def _map(
    results: Sequence[UnitResult], z: np.ndarray, labels: list[str], title: str, scale: str, counts: np.ndarray
) -> dict[str, Any]:
    days = len({r.unit.name for r in results}) > 1
    schemas = len({r.unit.schema for r in results}) > 1
    names = [
        r.unit.instrument.symbol + (f" {r.unit.schema}" if schemas else "") + (f" {r.unit.name}" if days else "")
        for r in results
    ]
    height = 90 + max(14, min(22, 2400 // max(1, len(names)))) * len(names)
    data = {
        "type": "heatmap", "x": labels, "y": names, "z": packed(z, "f4"), "customdata": packed(counts, "f4"),
        "colorscale": [[0.0, "#ffffff"], [1e-6, "#dfe9ee"], [1.0, theme.BID]], "zmin": 0,
        "colorbar": {"title": {"text": scale}, "thickness": 10},
        "hovertemplate": "%{y}<br>%{x}: %{customdata:,} rows<extra></extra>",
    }  # fmt: skip
    layout = theme.layout(
        height,
        xaxis=theme.axis(title, type="category", nticks=13),
        yaxis=theme.axis(type="category", autorange="reversed", showgrid=False),
    )
    return {"data": [data], "layout": layout}


def _reach(line: Timeline) -> tuple[int, int]:
    """The first and the last stretch in which there is anything."""
    held = np.flatnonzero(line.rows)
    return (int(held[0]), int(held[-1])) if held.size else (0, line.rows.size - 1)


def _thinned(results: Sequence[UnitResult]) -> tuple[list[UnitResult], str]:
    every = -(-len(results) // MOST_LINES)
    chosen = list(results[::every])
    return chosen, f"; {len(chosen)} of {len(results)} lines, every {every}." if every > 1 else ""
