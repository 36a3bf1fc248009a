"""From the profit on paper to the actual one: what each part of the shortfall took away."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tickwright.app.report import theme
from tickwright.app.report.data import ParentView
from tickwright.app.report.figures.components import LABELS, parts
from tickwright.app.report.numbers import fixed


def figure(parent: ParentView) -> dict[str, Any]:
    """One waterfall a policy, all on the scale of the widest, in basis points of the parent at its decision price."""
    lows, highs, traces = [0.0], [0.0], []
    for view in parent.policies:
        pieces = parts(view.row)
        paper = paper_profit(parent, view.row)
        actual = paper - sum(pieces.values(), Decimal(0))
        scale = Decimal(10_000) / Decimal(repr(parent.notional))
        steps = [float(-piece * scale) for piece in pieces.values()]
        values = [float(paper * scale), *steps, float(actual * scale)]
        level = values[0]
        levels = [level]
        for step in steps:
            level += step
            levels.append(level)
        lows.append(min(levels))
        highs.append(max(levels))
        money = [paper, *(-piece for piece in pieces.values()), actual]
        traces.append(
            {
                "type": "waterfall",
                "meta": {"policy": view.policy},
                "name": view.policy,
                "x": ["paper profit", *(LABELS[name] for name in pieces), "actual profit"],
                "y": values,
                "measure": ["absolute", *("relative" for _ in pieces), "total"],
                "text": [fixed(value, 2, plus=True) for value in values],
                "customdata": [f"{amount:+,f}" for amount in money],
                "textposition": "outside",
                "textfont": {"size": 11},
                "connector": {"line": {"color": theme.RULE, "width": 1}},
                "increasing": {"marker": {"color": theme.GOOD}},
                "decreasing": {"marker": {"color": theme.BAD}},
                "totals": {"marker": {"color": theme.TOTAL}},
                "showlegend": False,
                "cliponaxis": False,
                "hovertemplate": "%{x}: %{text} bp<br>%{customdata} in currency<extra></extra>",
            }
        )
    pad = 0.14 * (max(highs) - min(lows) or 1.0)
    return {
        "data": traces,
        "layout": theme.layout(
            300,
            xaxis=theme.axis(ticklen=0, ticks=""),
            yaxis=theme.axis(
                "bp of order value", range=[min(lows) - pad, max(highs) + pad], zeroline=True, zerolinecolor=theme.MUTED
            ),
            bargap=0.35,
        ),
    }


def paper_profit(parent: ParentView, row: dict[str, Any]) -> Decimal:
    """Profit of the whole order done at the decision price without cost, marked at the end price, in currency."""
    decision, end, ordered = (Decimal(row[name]) for name in ("decision_price", "end_price", "ordered"))
    multiplier = Decimal(repr(parent.notional)) / (ordered * decision)
    return parent.side * ordered * (end - decision) * multiplier
