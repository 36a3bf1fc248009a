"""Policies side by side: the parts of their shortfall stacked on one scale, and the differences on the same orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tickwright.app.report import theme
from tickwright.app.report.data import ParentView, PolicyView
from tickwright.app.report.figures.components import LABELS, parts


def components_bps(parent: ParentView, view: PolicyView) -> dict[str, float]:
    """The parts of one shortfall in basis points of the order's value at its decision price."""
    scale = Decimal(10_000) / Decimal(repr(parent.notional))
    return {name: float(amount * scale) for name, amount in parts(view.row).items()}


def extent(parents: tuple[ParentView, ...]) -> list[float]:
    """One range in basis points that holds every bar of every parent, so that sections can be compared."""
    low, high = 0.0, 0.0
    for parent in parents:
        for view in parent.policies:
            values = components_bps(parent, view).values()
            low = min(low, sum(v for v in values if v < 0))
            high = max(high, sum(v for v in values if v > 0))
    pad = 0.05 * (high - low or 1.0)
    return [low - pad, high + pad]


def figure(parent: ParentView, span: list[float]) -> dict[str, Any]:
    """Stacked bars, one a policy, best first; the diamond is the total."""
    views = sorted(parent.policies, key=lambda view: -float(Decimal(view.row["shortfall"]["total"])))
    labels = [view.policy for view in views]
    pieces = [components_bps(parent, view) for view in views]
    names = [name for name in LABELS if any(name in piece for piece in pieces)]
    bars: list[dict[str, Any]] = [
        {
            "type": "bar", "orientation": "h", "name": LABELS[name], "y": labels,
            "x": [round(piece.get(name, 0.0), 6) for piece in pieces],
            "marker": {"color": theme.COMPONENTS[name], "line": {"color": "#ffffff", "width": 0.5}},
            "hovertemplate": "%{y}: " + LABELS[name] + " %{x:+.2f} bp<extra></extra>",
        }
        for name in names
    ]  # fmt: skip
    totals = [round(sum(piece.values()), 6) for piece in pieces]
    bars.append(
        {
            "type": "scatter", "mode": "markers", "name": "total shortfall", "y": labels, "x": totals,
            "marker": {"symbol": "diamond", "size": 10, "color": theme.INK, "line": {"color": "#ffffff", "width": 1.5}},
            "hovertemplate": "%{y}: total %{x:+.2f} bp<extra></extra>",
        }
    )  # fmt: skip
    return {
        "data": bars,
        "layout": theme.layout(
            110 + 34 * len(labels),
            barmode="relative",
            bargap=0.3,
            xaxis=theme.axis(
                "bp of order value, cost > 0", range=span, zeroline=True, zerolinecolor=theme.MUTED, zerolinewidth=1
            ),
            yaxis=theme.axis(ticklen=0, ticks="", showgrid=False),
            legend=theme.LEGEND | {"traceorder": "normal"},
        ),
    }  # fmt: skip


def paired(parents: tuple[ParentView, ...], comparisons: tuple[dict[str, Any], ...]) -> dict[str, Any] | None:
    """Shortfall of each policy less that of the first, parent by parent and pooled; None without a pair."""
    if not comparisons:
        return None
    names, baseline = [row["policy"] for row in comparisons], comparisons[0]["baseline"]
    traces = []
    for index, parent in enumerate(parents):
        by_name = {view.policy: view for view in parent.policies}
        base = float(by_name[baseline].row["shortfall_bps"])
        traces.append(
            {
                "type": "scatter", "mode": "markers", "name": parent.title, "y": names,
                "x": [round(float(by_name[name].row["shortfall_bps"]) - base, 6) for name in names],
                "marker": {"size": 9, "color": theme.POLICIES[index % len(theme.POLICIES)], "opacity": 0.9},
                "hovertemplate": parent.title + "<br>%{y}: %{x:+.2f} bp against " + baseline + "<extra></extra>",
            }
        )  # fmt: skip
    traces.append(_pooled(comparisons))
    return {
        "data": traces,
        "layout": theme.layout(
            120 + 34 * len(names) + 14 * len(parents),
            xaxis=theme.axis(
                f"bp, shortfall less that of {baseline} on the same orders; left is cheaper",
                zeroline=True, zerolinecolor=theme.MUTED,
            ),
            yaxis=theme.axis(ticklen=0, ticks="", autorange="reversed"),
        ),
    }  # fmt: skip


def _pooled(comparisons: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """All parents together, a ratio of sums, with the bootstrap interval where there is one."""
    x = [row["difference_bps"] for row in comparisons]
    bounds = [row["interval_bps"] or {"low": at, "high": at} for row, at in zip(comparisons, x, strict=True)]
    return {
        "type": "scatter", "mode": "markers", "name": "all orders, with 95 % interval",
        "y": [row["policy"] for row in comparisons],
        "x": [round(at, 6) for at in x],
        "error_x": {
            "type": "data", "symmetric": False, "color": theme.INK, "thickness": 1.2, "width": 4,
            "array": [round(b["high"] - at, 6) for b, at in zip(bounds, x, strict=True)],
            "arrayminus": [round(at - b["low"], 6) for b, at in zip(bounds, x, strict=True)],
        },
        "marker": {"symbol": "diamond", "size": 10, "color": theme.INK, "line": {"color": "#ffffff", "width": 1}},
        "hovertemplate": "%{y}, all orders: %{x:+.2f} bp<extra></extra>",
    }  # fmt: skip
