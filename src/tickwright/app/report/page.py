"""Puts the report together: one HTML file that holds its style, its script and its data, and loads nothing."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from tickwright.app.report import glossary, tables
from tickwright.app.report.data import Market, ParentView, ReportData
from tickwright.app.report.figures import comparison, markout, quotes, tracking, waterfall

Figures = dict[str, dict[str, Any]]


def render(data: ReportData) -> str:
    """The page. A function of `data` alone: no clock, no random names."""
    figures: Figures = {}
    shared: dict[str, Any] = {}
    for market in data.markets:
        shared |= quotes.shared_arrays(market)
    body = "".join(
        [
            _header(data),
            _assumptions(data),
            _overview(data, figures),
            *(_parent(number, parent, data, figures) for number, parent in enumerate(data.parents)),
            _notes(data),
            _glossary(),
        ]
    )
    return assemble(data.title, body, figures, shared)


def assemble(title: str, body: str, figures: Figures, shared: dict[str, Any] | None = None) -> str:
    """The one file: `body` is HTML, `figures` are Plotly's, placed by `chart`."""
    return _PAGE.format(
        title=escape(title),
        css=_own("page.css"),
        body=body,
        plotly=_plotly(),
        shared=_island(shared or {}),
        figures=_island(figures),
        script=_own("page.js"),
    )


def _header(data: ReportData) -> str:
    warning = f'<p class="warning">{escape(data.warning)}</p>' if data.warning else ""
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in data.facts)
    return (
        f"<header><h1>{escape(data.title)}</h1><p>{escape(data.subtitle)}</p></header>{warning}"
        f'<section class="first"><dl class="facts">{facts}</dl></section>'
    )


def _assumptions(data: ReportData) -> str:
    rows = "".join(
        f"<tr><td>{escape(a.name)}</td><td>{escape(a.value)}</td><td>{escape(a.caveat)}</td></tr>"
        for a in data.assumptions
    )
    return (
        '<section><h2 class="flow">What the simulation assumes</h2>'
        '<p class="what">The result holds under these laws, and is off where they are.</p>'
        '<table class="laws"><thead><tr><th>law</th><th>in this run</th><th>where it is unrealistic</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></section>"
    )


def _overview(data: ReportData, figures: Figures) -> str:
    """Over all parent orders; nothing to say where there is only one."""
    if len(data.parents) < 2:
        return ""
    drawn = comparison.paired(data.parents, data.comparisons)
    paired = ""
    if drawn is not None:
        first = data.comparisons[0]
        paired = (
            "<h3>The same orders, another policy</h3>"
            f'<p class="what">Shortfall in basis points less that of {escape(first["baseline"])}, one mark a parent '
            "order, and all together as a ratio of sums. Both ran on the same market with the same random numbers. The "
            f"interval resamples {first['unit_count']} {escape(first['units'])}s; those of one session are not "
            "independent, so it says little about other sessions.</p>"
            + chart("paired", drawn, figures)
            + f'<div class="scroll">{tables.comparisons(data.comparisons)}</div>'
        )
    return (
        '<section><h2>All parent orders together</h2><p class="what">Cheapest first; ratios of sums, never means of '
        "ratios. Costs above zero are bad. CVaR is the mean of the worst twentieth of the orders.</p>"
        f'<div class="scroll">{tables.group_headline(data.groups)}</div>{paired}'
        "<details><summary>Every figure of all orders together</summary>"
        f'<div class="scroll">{tables.groups(data.groups)}</div></details></section>'
    )


def _parent(number: int, parent: ParentView, data: ReportData, figures: Figures) -> str:
    market = next(m for m in data.markets if m.key == parent.market)
    zone = dict(data.facts).get("time zone", "local")
    section = f"p{number}"
    span = comparison.extent(data.parents)
    buttons = "".join(
        f'<button type="button" data-policy="{escape(v.policy)}">{escape(v.policy)}</button>' for v in parent.policies
    )
    placed = _Charts(section, figures)
    return f"""<section><h2>{escape(parent.title)}</h2>
<p class="what">Cheapest first. Costs above zero are bad; basis points are of the ordered quantity at the decision
price, for slippage of the benchmark, for markout of the fill price.</p>
<div class="scroll">{tables.headline(parent)}</div>{_venues(parent)}
<h3>Shortfall by policy and part</h3>
<p class="what">Basis points of the order's value; the same scale for every parent order of this report.</p>
{placed("parts", comparison.figure(parent, span))}
<nav class="selector" data-section="{section}"><span>Charts below show</span>{buttons}</nav>
<h3>The order over the market</h3>
<p class="what">Best bid and ask, displayed quantity by price (grey, logarithmic), and our fills, area by quantity.
{escape(_market_note(market))}</p>
{placed("quotes", quotes.figure(parent, market, zone))}
<h3>From paper profit to actual profit</h3>
<p class="what">Profit if all had been done at the decision's mid price, then what each part took (red) or gave (green),
in basis points of the order's value. Same scale for every policy; the paper profit is marked at the order's end, its
last fill or the deadline, so it differs where policies end at different times.</p>
{placed("waterfall", waterfall.figure(parent))}
<div class="pair"><div><h3>Schedule and progress</h3>
<p class="what">Share of the order planned and filled; share of the interval's market volume.</p>
{placed("tracking", tracking.figure(parent, market, zone))}</div>
<div><h3>Markout after the fills</h3>
<p class="what">Mid price after the fill against the fill price, our profit above zero.
{escape(parent.policies[0].markout.note)}</p>
{placed("markout", markout.figure(parent))}</div></div>
{_missing(parent)}
<details><summary>Every figure of this order</summary><div class="scroll">{tables.details(parent)}</div></details>
</section>"""


def _market_note(market: Market) -> str:
    depth = market.depth.note if market.depth is not None else f"Depth is not shown: {market.depth_missing}."
    return f"{market.quotes_note} {depth}"


def _venues(parent: ParentView) -> str:
    table = tables.venues(parent)
    if not table:
        return ""
    what = "Lots filled at rest, taken, and traded at the mid of a pool; spread paid (a maker's is earned); fees."
    return f'\n<h3>Fills by venue</h3>\n<p class="what">{what}</p>\n<div class="scroll">{table}</div>'


def _missing(parent: ParentView) -> str:
    listed = tables.missing(parent)
    return f"<h3>What is missing or worth knowing</h3>{listed}" if listed else ""


def _notes(data: ReportData) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in data.notes)
    return f'<section><h2>Data and run</h2><ul class="notes">{items}</ul></section>' if items else ""


def _glossary() -> str:
    terms = "".join(f"<div><dt>{escape(t)}</dt><dd>{escape(d)}</dd></div>" for t, d in glossary.TERMS)
    return f'<section><h2>Words and signs</h2><p>{escape(glossary.SIGN)}</p><dl class="terms">{terms}</dl></section>'


class _Charts:
    """Places charts of one section and collects their figures."""

    def __init__(self, section: str, figures: Figures) -> None:
        self._section = section
        self._figures = figures

    def __call__(self, name: str, figure: dict[str, Any]) -> str:
        return chart(f"{self._section}-{name}", figure, self._figures, self._section)


def chart(name: str, figure: dict[str, Any], figures: Figures, section: str = "") -> str:
    """The place of a figure, which joins `figures`."""
    figures[name] = figure
    height = figure["layout"]["height"]
    return f'<div class="chart" id="{name}" data-section="{section}" style="height:{height}px"></div>'


def _island(value: Any) -> str:
    """JSON that can stand inside a script element."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c")


@cache
def _own(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


@cache
def _plotly() -> str:
    """Plotly's script as its Python package carries it (MIT licence, named in the script's first lines)."""
    return files("plotly").joinpath("package_data/plotly.min.js").read_text("utf-8")


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{css}</style>
</head>
<body>
<main>
<noscript><p>The charts need JavaScript; every number is in the tables.</p></noscript>
{body}
</main>
<script>{plotly}</script>
<script type="application/json" id="shared-arrays">{shared}</script>
<script type="application/json" id="figures">{figures}</script>
<script>
{script}</script>
</body>
</html>
"""
