"""Pictures of a benchmark, as Plotly's dictionaries: costs with intervals, their split, frontier, envelopes, shells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tickwright.app.report import theme

Row = Mapping[str, Any]
Scenario = Mapping[str, Any]

PARTS = {
    "spread": ("spread", "#2f6ea3"),
    "adverse_selection": ("adverse selection", "#a3496f"),
    "own_impact": ("own impact", "#d07a2d"),
    "drift": ("drift less news", "#7fa650"),
    "fees": ("fees", "#6f63a6"),
}
BASELINE, OWN, BOUND = theme.BID, theme.ASK, theme.VOLUME
_KINDS = {"baseline": BASELINE, "policy": OWN, "several": OWN, "worst": OWN, "bound": BOUND}
_LINES = {"twap/take": theme.MUTED, "twap/post-then-cross": theme.BID, "heuristic": theme.GOOD, "policy": theme.ASK}
_ROW = 26


def costs(rows: Sequence[Row]) -> dict[str, Any]:
    """Mean cost of each row with its 95 % interval, cheapest at the top; the axis goes through zero."""
    shown = sorted((row for row in rows if row["mean_bps"] is not None), key=lambda row: -float(row["mean_bps"]))
    names = [row["policy"] for row in shown]
    data = [
        {
            "type": "scatter", "mode": "markers", "y": names, "x": [row["mean_bps"] for row in shown],
            "error_x": _whiskers([row["ci95"] for row in shown], [row["mean_bps"] for row in shown]),
            "marker": {"size": 9, "color": [_KINDS[row["kind"]] for row in shown],
                       "symbol": ["circle-open" if row["kind"] == "bound" else "circle" for row in shown]},
            "hovertemplate": "%{y}: %{x:.3f} bp<extra></extra>", "showlegend": False,
        }
    ]  # fmt: skip
    return {"data": data, "layout": _bars(len(names), "bp, mean and 95 % interval; cost > 0 is bad")}


def split(rows: Sequence[Row]) -> dict[str, Any]:
    """The parts of each mean stacked, the diamond their sum."""
    shown = sorted((row for row in rows if row["split_bps"]), key=lambda row: -float(row["mean_bps"]))
    names = [row["policy"] for row in shown]
    data: list[dict[str, Any]] = [
        {
            "type": "bar", "orientation": "h", "name": label, "y": names,
            "x": [row["split_bps"][part] for row in shown],
            "marker": {"color": colour, "line": {"color": "#ffffff", "width": 0.5}},
            "hovertemplate": "%{y}: " + label + " %{x:+.3f} bp<extra></extra>",
        }
        for part, (label, colour) in PARTS.items()
        if any(row["split_bps"][part] for row in shown)
    ]  # fmt: skip
    data.append(
        {
            "type": "scatter", "mode": "markers", "name": "mean", "y": names, "x": [row["mean_bps"] for row in shown],
            "marker": {"symbol": "diamond", "size": 9, "color": theme.INK, "line": {"color": "#ffffff", "width": 1.5}},
            "hovertemplate": "%{y}: %{x:+.3f} bp<extra></extra>",
        }
    )  # fmt: skip
    return {"data": data, "layout": _bars(len(names), "bp; the parts add up to the mean", barmode="relative")}


def frontier(scenarios: Sequence[Scenario], points: Sequence[Row]) -> dict[str, Any]:
    """CVaR over the mean: a line a policy over the risk aversions, and a point for everything else of the headline."""
    data: list[dict[str, Any]] = []
    for number, name in enumerate(_common(scenarios)):
        rows = [_named(scenario, name) for scenario in scenarios]
        data.append({
            "type": "scatter", "mode": "lines+markers", "name": name,
            "x": [row["mean_bps"] for row in rows], "y": [row["cvar95_bps"] for row in rows],
            "text": [scenario["name"].split(": ")[-1] for scenario in scenarios],
            "error_x": _whiskers([row["ci95"] for row in rows], [row["mean_bps"] for row in rows]),
            "line": {"color": theme.POLICIES[number % len(theme.POLICIES)]}, "marker": {"size": 8},
            "hovertemplate": "%{fullData.name}, %{text}: mean %{x:.3f}, CVaR %{y:.2f} bp<extra></extra>",
        })  # fmt: skip
    if points:
        data.append({
            "type": "scatter", "mode": "markers", "name": "further policies, without risk aversion",
            "x": [row["mean_bps"] for row in points], "y": [row["cvar95_bps"] for row in points],
            "text": [row["policy"] for row in points], "marker": {"size": 6, "color": theme.VOLUME},
            "hovertemplate": "%{text}: mean %{x:.3f}, CVaR %{y:.2f} bp<extra></extra>",
        })  # fmt: skip
    layout = theme.layout(
        440,
        xaxis=theme.axis("mean cost, bp"),
        yaxis=theme.axis("CVaR 95 %, bp"),
        margin={"l": 64, "r": 24, "t": 44, "b": 48},
    )
    return {"data": data, "layout": layout}


def apart(scenarios: Sequence[Scenario], row_of: Any, rival: str) -> dict[str, Any]:
    """Difference to a rival, scenario by scenario, with intervals; left of zero is cheaper."""
    shown = [(scenario, row) for scenario in reversed(scenarios) if (row := row_of(scenario)) is not None]
    found = [(scenario, row["difference_to"][rival]) for scenario, row in shown if row["difference_to"].get(rival)]
    names = [scenario["name"].partition(": ")[2] or scenario["name"] for scenario, _ in found]
    values = [gap["bps"] for _, gap in found]
    colours = [
        theme.BAD if gap["ci95"][0] > 0 else theme.GOOD if gap["ci95"][1] < 0 else theme.MUTED for _, gap in found
    ]
    data = [
        {
            "type": "scatter", "mode": "markers", "x": values, "y": names,
            "error_x": _whiskers([gap["ci95"] for _, gap in found], values),
            "marker": {"size": 9, "color": colours}, "hovertemplate": "%{y}: %{x:+.3f} bp<extra></extra>",
            "showlegend": False,
        }
    ]  # fmt: skip
    return {"data": data, "layout": _bars(len(names), f"bp, less {rival}; below zero is cheaper")}


def levels(scenarios: Sequence[Scenario], own: str | None) -> dict[str, Any]:
    """Mean costs of the main policies, scenario by scenario: what an assumption does to all of them."""
    names = [scenario["name"].partition(": ")[2] or scenario["name"] for scenario in reversed(scenarios)]
    data = []
    for label, colour in _LINES.items():
        name = own if label == "policy" else label
        if name is None:
            continue
        rows = [_named(scenario, name) for scenario in reversed(scenarios)]
        data.append({
            "type": "scatter", "mode": "markers", "name": name, "y": names, "x": [row["mean_bps"] for row in rows],
            "error_x": _whiskers([row["ci95"] for row in rows], [row["mean_bps"] for row in rows]),
            "marker": {"size": 8, "color": colour}, "hovertemplate": "%{y}, " + name + ": %{x:.3f} bp<extra></extra>",
        })  # fmt: skip
    return {"data": data, "layout": _bars(len(names), "bp, mean and 95 % interval")}


def learning(curves: Mapping[str, Sequence[Mapping[str, float]]]) -> dict[str, Any]:
    """Validations of the trainings over their steps."""
    data = [
        {
            "type": "scatter", "mode": "lines+markers", "name": name, "x": [p["steps"] for p in points],
            "y": [p["cost_bps"] for p in points], "marker": {"size": 5},
            "error_y": {"type": "data", "array": [1.96 * p["error"] for p in points], "thickness": 1, "width": 0},
            "line": {"color": theme.POLICIES[number % len(theme.POLICIES)]},
            "hovertemplate": name + ": %{x:,} steps, %{y:.3f} bp<extra></extra>",
        }
        for number, (name, points) in enumerate(curves.items())
        if points
    ]  # fmt: skip
    layout = theme.layout(
        340, xaxis=theme.axis("steps of training"), yaxis=theme.axis("cost in validation, bp"),
        margin={"l": 64, "r": 24, "t": 44, "b": 48},
    )  # fmt: skip
    return {"data": data, "layout": layout}


def _whiskers(intervals: Sequence[Sequence[float | None]], values: Sequence[float]) -> dict[str, Any]:
    above = [0.0 if ends[1] is None else ends[1] - value for ends, value in zip(intervals, values, strict=True)]
    below = [0.0 if ends[0] is None else value - ends[0] for ends, value in zip(intervals, values, strict=True)]
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "thickness": 1.2, "width": 4}


def _bars(count: int, title: str, **more: Any) -> dict[str, Any]:
    return theme.layout(
        96 + _ROW * count, bargap=0.35,
        xaxis=theme.axis(title, zeroline=True, zerolinecolor=theme.MUTED, zerolinewidth=1),
        yaxis=theme.axis(ticklen=0, ticks="", showgrid=True, type="category"),
        legend=theme.LEGEND | {"traceorder": "normal"}, margin={"l": 64, "r": 24, "t": 36, "b": 48}, **more,
    )  # fmt: skip


def _named(scenario: Scenario, name: str) -> Row:
    found: Row = next(row for row in scenario["rows"] if row["policy"] == name)
    return found


def _common(scenarios: Sequence[Scenario]) -> list[str]:
    """Policies of all scenarios; of several seeds their mean alone."""
    rows = scenarios[0]["rows"]
    several = any(row["kind"] == "several" for row in rows)
    kinds = ("baseline", "several") if several else ("baseline", "policy")
    return [row["policy"] for row in rows if row["kind"] in kinds]
