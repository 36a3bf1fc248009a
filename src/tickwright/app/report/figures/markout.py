"""What happened after our fills: markout by horizon, with a confidence band."""

from __future__ import annotations

from typing import Any

import numpy as np

from tickwright.app.report import theme
from tickwright.app.report.data import ParentView, PolicyView


def figure(parent: ParentView) -> dict[str, Any]:
    """Mean markout in basis points on a logarithmic grid of horizons; horizons without data are marked as such."""
    horizons = parent.policies[0].markout.horizons
    positions = [h / 1e9 for h in horizons]
    traces = [trace for view in parent.policies for trace in _policy(view, positions)]
    return {
        "data": traces,
        "layout": theme.layout(
            300,
            xaxis=theme.axis(
                "time after the fill", type="log", tickvals=positions, ticktext=_spaced(horizons),
                tickangle=0, range=[np.log10(positions[0]) - 0.15, np.log10(positions[-1]) + 0.15],
            ),
            yaxis=theme.axis("bp, our profit > 0", zeroline=True, zerolinecolor=theme.MUTED),
            hovermode="x unified",
        ),
    }  # fmt: skip


def duration_label(nanos: int) -> str:
    """A duration in its largest whole unit: 10ms, 1s, 30min."""
    for unit, size in (("h", 3_600_000_000_000), ("min", 60_000_000_000), ("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if nanos >= size and nanos % size == 0:
            return f"{nanos // size}{unit}"
    return f"{nanos}ns"


def _spaced(horizons: tuple[int, ...]) -> list[str]:
    """Labels of the horizons, empty where they would touch the one before."""
    labels, last = [], -np.inf
    for horizon in horizons:
        position = np.log10(horizon)
        labels.append(duration_label(horizon) if position - last > 0.35 else "")
        last = position if labels[-1] else last
    return labels


def _policy(view: PolicyView, positions: list[float]) -> list[dict[str, Any]]:
    curve = view.markout
    x = np.array(positions)
    known = np.isfinite(curve.mean)
    banded = known & np.isfinite(curve.low)
    meta = {"policy": view.policy}
    traces: list[dict[str, Any]] = []
    if banded.any():
        around = np.concatenate([x[banded], x[banded][::-1]])
        edge = np.concatenate([curve.high[banded], curve.low[banded][::-1]])
        traces.append(
            {
                "type": "scatter", "mode": "lines", "name": "95 % band", "meta": meta, "fill": "toself",
                "x": around.tolist(), "y": _short(edge), "line": {"width": 0}, "fillcolor": "rgba(31,111,139,0.16)",
                "hoverinfo": "skip",
            }
        )  # fmt: skip
    traces.append(
        {
            "type": "scatter", "mode": "lines+markers", "name": "mean by quantity", "meta": meta,
            "x": x[known].tolist(), "y": _short(curve.mean[known]), "customdata": curve.counts[known].tolist(),
            "line": {"color": theme.BID, "width": 2}, "marker": {"size": 6},
            "hovertemplate": "%{y:+.2f} bp over %{customdata} fills<extra></extra>",
        }
    )  # fmt: skip
    if not known.all():
        traces.append(
            {
                "type": "scatter", "mode": "markers", "name": "data ends before", "meta": meta,
                "x": x[~known].tolist(), "y": [0.0] * int((~known).sum()),
                "marker": {"symbol": "x-thin", "size": 9, "line": {"color": theme.BAD, "width": 2}},
                "hovertemplate": "not reached by the data<extra></extra>",
            }
        )  # fmt: skip
    return traces


def _short(values: np.ndarray) -> list[float]:
    return [float(v) for v in np.round(values, 6)]
