"""Did it keep to its plan: planned and filled quantity, and the market's volume, each as a share of its end."""

from __future__ import annotations

from typing import Any

import numpy as np

from tickwright.app.report import theme
from tickwright.app.report.arrays import packed
from tickwright.app.report.data import Market, ParentView, PolicyView


def figure(parent: ParentView, market: Market, zone: str) -> dict[str, Any]:
    """Planned against filled, in percent of the order, beside the market's volume over the order's life."""
    inside = (market.volume_times >= parent.start) & (market.volume_times <= parent.end)
    traces = []
    if inside.any():
        times, volume = market.volume_times[inside], market.volume[inside]
        before = market.volume[market.volume_times < parent.start]
        base = float(before[-1]) if len(before) else 0.0
        total = float(volume[-1]) - base
        if total > 0:
            traces.append(
                {
                    "type": "scatter", "mode": "lines", "name": "market volume",
                    "x": packed(times), "y": packed(100 * (volume - base) / total, "f4"),
                    "line": {"shape": "hv", "color": theme.VOLUME, "width": 1.5},
                    "hovertemplate": "market volume %{y:.1f} %<extra></extra>",
                }
            )  # fmt: skip
    for view in parent.policies:
        traces += _policy(view, parent)
    return {
        "data": traces,
        "layout": theme.layout(
            300,
            xaxis=theme.clock_axis(zone, range=[parent.start, parent.end]),
            yaxis=theme.axis("% of the whole", range=[-3, 104]),
            hovermode="x unified",
        ),
    }


def _policy(view: PolicyView, parent: ParentView) -> list[dict[str, Any]]:
    filled_times = np.concatenate([[parent.start], view.fills.times, [max([parent.end, *view.fills.times[-1:]])]])
    done = np.concatenate([[0.0], np.cumsum(view.fills.sizes)])
    filled = 100 * np.append(done, done[-1]) / parent.ordered
    lines = [("filled", filled_times, filled, theme.BID, "solid", 2.0)]
    if len(view.plan):
        lines.insert(0, ("planned", *_steps(view, parent), theme.ASK, "dash", 1.5))
    return [
        {
            "type": "scatter", "mode": "lines", "name": name, "meta": {"policy": view.policy},
            "x": packed(times), "y": packed(values, "f4"),
            "line": {"shape": "hv", "color": colour, "width": width, "dash": dash},
            "hovertemplate": name + " %{y:.1f} %<extra></extra>",
        }
        for name, times, values, colour, dash, width in lines
    ]  # fmt: skip


def _steps(view: PolicyView, parent: ParentView) -> tuple[np.ndarray, np.ndarray]:
    times = np.concatenate([[parent.start], view.plan_times])
    values = np.concatenate([[0.0], 100 * view.plan / parent.ordered])
    return times, values
