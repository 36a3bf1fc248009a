"""The page of a plan: what the order will cost by horizon and urgency, and what to choose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from tickwright.app.report import page, theme
from tickwright.learn.planning import Cell, Plan, Recommended
from tickwright.learn.planning.choice import Shifted

HEAT = [[0.0, "#ffffff"], [0.5, "#9cc3d0"], [1.0, "#1f6f8b"]]


def title(plan: Plan, instrument: str) -> str:
    """Of the page, and of the table in a terminal."""
    return f"Plan to {plan.asked.side} {plan.asked.quantity:,} {instrument}"


def span(seconds: float) -> str:
    """Seconds as a person says them."""
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


def label(shift: Shifted) -> str:
    """What is another one."""
    return f"{shift.factor:g} times {shift.axis}"


def schedule(cell: Cell) -> str:
    """The schedule of a cell."""
    return "even" if cell.urgency == 0.0 else f"front-loaded, κT = {cell.urgency:g}"


def interval(cell: Cell) -> str:
    """95 % of the mean, bps."""
    low, high = cell.cost.interval
    return f"{low:.2f} … {high:.2f}"


def render(plan: Plan, instrument: str) -> str:
    """The page. A function of the plan alone."""
    figures: page.Figures = {}
    parts = [
        _header(plan, instrument),
        _surface(plan, figures),
        _choice(plan, figures),
        _others(plan, figures),
        _notes(plan),
    ]
    return page.assemble(title(plan, instrument), "".join(parts), figures)


def words(plan: Plan) -> str:
    """The recommendation in a sentence."""
    cell = plan.chosen.cell
    return (
        f"Work it over {span(cell.horizon)}, {schedule(cell)}: {cell.cost.value:.2f} bps expected ({interval(cell)}), "
        f"standard deviation {cell.sd:.2f} bps, {cell.cvar:.2f} bps in the worst twentieth, for λ = "
        f"{plan.chosen.risk_aversion:g} per bps."
    )


def _header(plan: Plan, instrument: str) -> str:
    asked = plan.asked
    facts = {
        "market": f"{asked.market.name}, simulated; a calibrated one says more than its default",
        "placement": asked.placement,
        "risk aversion": f"λ = {plan.chosen.risk_aversion:g} per bps: mean + λ variance is least",
        "episodes": f"{asked.episodes:,} a cell, with the same draws, seed {plan.seed}",
    }
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    return (
        f"<header><h1>{escape(title(plan, instrument))}</h1><p>{escape(words(plan))}</p></header>"
        f'<section class="first"><dl class="facts">{rows}</dl></section>'
    )


def _surface(plan: Plan, figures: page.Figures) -> str:
    drawn = (
        ("mean", "Expected shortfall, bps", lambda cell: cell.cost.value),
        ("cvar", "CVaR 95 %, bps", lambda cell: cell.cvar),
        ("sd", "Standard deviation, bps", lambda cell: cell.sd),
    )
    charts = "".join(
        f"<div><h3>{name}</h3>{page.chart(key, _heat(plan.cells, of), figures)}</div>" for key, name, of in drawn
    )
    heads = "".join(
        f"<th>{name}</th>"
        for name in (
            "horizon", "schedule", "participation %", "mean, bps", "95 % interval", "standard deviation, bps",
            "CVaR 95 %, bps", "filled at rest %", "crossed at the end %", "mean + λ variance",
        )
    )  # fmt: skip
    body = "".join(_row(cell, plan.chosen) for cell in plan.cells)
    return (
        '<section><h2 class="flow">By horizon and urgency</h2><p class="what">Shortfall against the mid at arrival, '
        "basis points of the order's value; above zero is a cost. What the news of the market adds by chance is "
        "taken out of the means, and left in the risk.</p>"
        f'<div class="pair">{charts}</div><div class="scroll"><table class="numbers"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></section>"
    )


def _row(cell: Cell, chosen: Recommended) -> str:
    cells = (
        schedule(cell), f"{100 * cell.participation:.1f}", f"{cell.cost.value:.2f}", interval(cell), f"{cell.sd:.2f}",
        f"{cell.cvar:.2f}", f"{100 * cell.made:.0f}", f"{100 * cell.forced:.1f}",
        f"{cell.objective(chosen.risk_aversion):.2f}",
    )  # fmt: skip
    kind = ' class="key"' if cell == chosen.cell else ""
    return f"<tr><th>{span(cell.horizon)}</th>" + "".join(f"<td{kind}>{text}</td>" for text in cells) + "</tr>"


def _heat(cells: Sequence[Cell], of: Any) -> dict[str, Any]:
    horizons = sorted({cell.horizon for cell in cells})
    urgencies = sorted({cell.urgency for cell in cells})
    known = {(cell.horizon, cell.urgency): round(float(of(cell)), 4) for cell in cells}
    z = [[known.get((h, u)) for h in horizons] for u in urgencies]
    trace = {
        "type": "heatmap", "x": [span(h) for h in horizons], "y": [f"{u:g}" for u in urgencies], "z": z,
        "colorscale": HEAT, "texttemplate": "%{z:.2f}", "hovertemplate": "%{x}, κT %{y}: %{z:.3f} bps<extra></extra>",
        "showscale": False,
    }  # fmt: skip
    axes = {"xaxis": theme.axis("horizon", type="category"), "yaxis": theme.axis("urgency κT", type="category")}
    return {"data": [trace], "layout": theme.layout(260, **axes)}


def _choice(plan: Plan, figures: page.Figures) -> str:
    rows = "".join(
        f"<tr><th>{r.risk_aversion:g}</th><td>{span(r.cell.horizon)}</td><td>{schedule(r.cell)}</td>"
        f"<td>{r.cell.cost.value:.2f}</td><td>{interval(r.cell)}</td><td>{r.cell.sd:.2f}</td><td>{r.cell.cvar:.2f}</td></tr>"
        for r in plan.by_risk
    )
    return (
        '<section><h2 class="flow">The choice</h2><p class="what">Each dot is a cell, bars are 95 % of its mean; the '
        "line joins those that no other beats in both. What risk costs, λ, picks one of them.</p>"
        f"{page.chart('frontier', _frontier(plan), figures)}"
        '<div class="scroll"><table class="numbers"><thead><tr><th>λ, per bps</th><th>horizon</th><th>schedule</th>'
        "<th>mean, bps</th><th>95 % interval</th><th>standard deviation, bps</th><th>CVaR 95 %, bps</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _frontier(plan: Plan) -> dict[str, Any]:
    def named(cell: Cell) -> str:
        return f"{span(cell.horizon)}, {schedule(cell)}"

    def trace(cells: Sequence[Cell], **more: Any) -> dict[str, Any]:
        return {
            "type": "scatter", "x": [round(c.sd, 4) for c in cells], "y": [round(c.cost.value, 4) for c in cells],
            "text": [named(c) for c in cells], "hovertemplate": "%{text}: %{y:.3f} bps, sd %{x:.2f}<extra></extra>",
            **more,
        }  # fmt: skip

    bars = {"type": "data", "array": [round(1.96 * c.cost.error, 4) for c in plan.cells], "thickness": 1}
    data = [
        trace(plan.cells, name="cells", mode="markers", marker={"color": theme.VOLUME}, error_y=bars),
        trace(plan.frontier, name="frontier", mode="lines", line={"color": theme.BID}),
        trace([plan.chosen.cell], name="chosen", mode="markers", marker={"color": theme.ASK, "size": 13}),
    ]
    axes = {"xaxis": theme.axis("standard deviation, bps"), "yaxis": theme.axis("expected shortfall, bps")}
    return {"data": data, "layout": theme.layout(380, **axes)}


def _others(plan: Plan, figures: page.Figures) -> str:
    at = plan.chosen.cell.horizon
    rows = "".join(_shift_row(shift, plan, at) for shift in plan.shifts)
    return (
        '<section><h2 class="flow">If the order or the market is another one</h2><p class="what">The chosen urgency, '
        "with one thing multiplied at a time; spread and volatility are what the shifted market showed.</p>"
        f"{page.chart('shifts', _shift_figure(plan), figures)}"
        f'<div class="scroll"><table class="numbers"><thead><tr><th>over {span(at)}</th><th>spread, bps</th>'
        "<th>volatility, bps</th><th>participation %</th><th>mean, bps</th><th>95 % interval</th>"
        "<th>standard deviation, bps</th><th>CVaR 95 %, bps</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _shift_row(shift: Shifted, plan: Plan, horizon: float) -> str:
    found = [cell for cell in shift.cells if cell.horizon == horizon]
    name = f"<th>{label(shift)}</th>"
    if not found:
        return f'<tr>{name}<td class="na" colspan="7">more than half of the volume</td></tr>'
    cell = found[0]
    texts = (
        f"{cell.spread:.2f}", f"{cell.volatility:.1f}", f"{100 * cell.participation:.1f}", f"{cell.cost.value:.2f}",
        interval(cell), f"{cell.sd:.2f}", f"{cell.cvar:.2f}",
    )  # fmt: skip
    return f"<tr>{name}" + "".join(f"<td>{text}</td>" for text in texts) + "</tr>"


def _shift_figure(plan: Plan) -> dict[str, Any]:
    base = [cell for cell in plan.cells if cell.urgency == plan.chosen.cell.urgency]
    data = [_line("as asked", base, theme.INK, "solid")]
    axes = list(dict.fromkeys(shift.axis for shift in plan.shifts))
    for shift in plan.shifts:
        colour = theme.POLICIES[axes.index(shift.axis) % len(theme.POLICIES)]
        dash = "dot" if shift.factor < 1 else "dash"
        data.append(_line(f"{label(shift)}", shift.cells, colour, dash))
    x = theme.axis("horizon, minutes", type="log")
    return {"data": data, "layout": theme.layout(380, xaxis=x, yaxis=theme.axis("expected shortfall, bps"))}


def _line(name: str, cells: Sequence[Cell], colour: str, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines+markers", "name": name, "x": [c.horizon / 60 for c in cells],
        "y": [round(c.cost.value, 4) for c in cells], "line": {"color": colour, "dash": dash, "width": 1.6},
    }  # fmt: skip


def _notes(plan: Plan) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in notes(plan))
    return f'<section><h2 class="flow">Read with care</h2><ul class="notes">{items}</ul></section>'


def notes(plan: Plan) -> Iterator[str]:
    """What limits the plan, in sentences."""
    yield from plan.notes
    yield (
        "the market is simulated: its impact is put in by law, and it holds for the instrument as far as its "
        "parameters were fitted to it (tickwright calibrate)"
    )
    yield "the best of many cells looks a little better than it is: its interval is that of its mean, not of the choice"
