"""The page of a check of a catalog: findings as a table, pictures of where they lie. One file that loads nothing."""

from __future__ import annotations

from html import escape
from typing import Any

from tickwright.app.report import page
from tickwright.app.report.quality_figures import coverage, gap_map, timeline
from tickwright.app.report.quality_words import ORDER, detailed, named, noted, put_right_lines, worst_first
from tickwright.run.quality.check import CheckResult, UnitResult

MOST_TIMELINES = 24
"""Units that get a picture of their own: those with the worst findings first."""
MOST_SHOWN = 6
"""Instruments of a code that are not folded away."""
_CSS = """
.badge { display: inline-block; min-width: 62px; text-align: center; border-radius: 3px; padding: 0 6px; color: #fff;
  font-size: 11px; font-weight: 600; line-height: 18px; }
.badge.error { background: #b23b3b; } .badge.warning { background: #b08900; } .badge.info { background: #7b8896; }
.findings td.count, .places td.count { text-align: right; font-variant-numeric: tabular-nums; padding-right: 18px; }
.findings th:nth-child(3), .places th:nth-child(2) { text-align: right; padding-right: 18px; }
.findings a { color: inherit; font-weight: 600; }
.places { table-layout: fixed; } .places td { overflow-wrap: anywhere; }
.places th:nth-child(1) { width: 15%; } .places th:nth-child(2) { width: 10%; } .places th:nth-child(5) { width: 19%; }
@media print { .findings tr, .places tr { break-inside: avoid; } }
"""


def render(result: CheckResult) -> str:
    """The page. A function of the result alone."""
    answer = result.to_json()
    figures: page.Figures = {}
    body = "".join(
        [
            _header(answer),
            _findings(answer["findings"]),
            _fixed(answer),
            _maps(result, figures),
            _timelines(result, figures),
            _notes(result),
        ]
    )
    return page._PAGE.format(
        title=escape(_title(answer)),
        css=page._own("page.css") + _CSS,
        body=body,
        plotly=page._plotly() if figures else "",
        shared=page._island({}),
        figures=page._island(figures),
        script=page._own("page.js") if figures else "",
    )


def _title(answer: dict[str, Any]) -> str:
    return "Data check: clean" if answer["clean"] else "Data check: faults found"


def _header(answer: dict[str, Any]) -> str:
    checked = answer["checked"]
    counts = [f"{sum(f['count'] for f in answer['findings'] if f['severity'] == s):,} {s}" for s in ORDER]
    facts = {
        "catalog": checked["catalog"],
        "instruments": f"{checked['instruments']:,}",
        "rows": f"{checked['rows']:,}",
        "findings": ", ".join(counts),
    }
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    return (
        f"<header><h1>{escape(_title(answer))}</h1><p>An error makes a replay wrong, a warning may; information is "
        "seen on good days too and fails no check.</p></header>"
        f'<section class="first"><dl class="facts">{rows}</dl></section>'
    )


def _findings(findings: list[dict[str, Any]]) -> str:
    if not findings:
        return '<section><h2 class="flow">Findings</h2><p>None.</p></section>'
    groups = worst_first(findings)
    rows = "".join(
        f'<tr><td>{_badge(g[0])}</td><td><a href="#{escape(g[0]["code"])}">{escape(g[0]["code"])}</a></td>'
        f'<td class="count">{sum(f["count"] for f in g):,}</td><td>{_whose(g)}</td>'
        f"<td>{escape(g[0]['meaning'])}</td></tr>"
        for g in groups
    )
    heads = "<th></th><th>finding</th><th>count</th><th>in</th><th>what it is</th>"
    return (
        '<section><h2 class="flow">Findings</h2><div class="scroll"><table class="findings">'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></section>"
        '<section><h2 class="flow">Where they are</h2><p class="what">Times are UTC; a row counts from 0 within its '
        f"day, for bars within the whole history.</p>{''.join(_places(g) for g in groups)}</section>"
    )


def _badge(finding: dict[str, Any]) -> str:
    return f'<span class="badge {escape(finding["severity"])}">{escape(finding["severity"])}</span>'


def _whose(group: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(f["instrument"] for f in group))
    return escape(named(names))


def _places(group: list[dict[str, Any]]) -> str:
    """One code: what it would do to fills, and a line for each instrument; many are folded away."""
    first = group[0]
    head = (
        f'<h3 id="{escape(first["code"])}">{_badge(first)} {escape(first["code"])}</h3>'
        f'<p class="what">{escape(first["meaning"])}. Fills: {escape(first["effect_on_fills"])}.</p>'
    )
    shown = group if len(group) <= MOST_SHOWN + 2 else group[:MOST_SHOWN]
    text = head + _table(shown)
    if rest := group[len(shown) :]:
        count = sum(f["count"] for f in rest)
        text += f"<details><summary>{len(rest):,} more, {count:,} findings</summary>{_table(rest)}</details>"
    return text


def _table(findings: list[dict[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td>{escape(f['instrument'])}<br><small>{escape(f['schema'])}</small></td>"
        f'<td class="count">{f["count"]:,}</td><td>{_place(f["first"])}</td><td>{_place(f["last"])}</td>'
        f"<td>{escape(detailed(f))}</td></tr>"
        for f in findings
    )
    heads = "<th>instrument</th><th>count</th><th>first</th><th>last</th><th>of that</th>"
    return (
        f'<div class="scroll"><table class="places"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _place(place: dict[str, Any]) -> str:
    told = {k: v for k, v in place.items() if k not in ("ts", "time", "day", "row")}
    rest = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told.items())
    return f"{escape(place['time'])}<br><small>row {place['row']:,}{': ' if rest else ''}{escape(rest)}</small>"


def _fixed(answer: dict[str, Any]) -> str:
    lines = put_right_lines(answer)
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<section><h2 class="flow">What was put right</h2><ul class="notes">{items}</ul></section>' if lines else ""


def _maps(result: CheckResult, figures: page.Figures) -> str:
    days = [unit for unit in result.units if unit.unit.day is not None]
    bars = [unit for unit in result.units if unit.unit.day is None]
    text = ""
    if days:
        chart = page.chart("gaps", gap_map(days), figures)
        text += (
            '<section><h2>Where there are rows</h2><p class="what">Rows by time of the UTC day, logarithmic; white '
            f"is a time without any. One line an instrument, schema and day.</p>{chart}</section>"
        )
    if bars:
        chart = page.chart("coverage", coverage(bars), figures)
        text += (
            '<section><h2>Where there are bars</h2><p class="what">Bars by time, as a share of the fullest stretch of '
            f"the same line; white is a time without any.</p>{chart}</section>"
        )
    return text


def _badness(unit: UnitResult) -> tuple[int, int]:
    from tickwright.data.quality.codes import CODES

    worst = min((ORDER[CODES[code].severity] for code in unit.found), default=len(ORDER))
    return worst, -sum(found.count for found in unit.found.values())


def _timelines(result: CheckResult, figures: page.Figures) -> str:
    # The worst first; those without findings only while there is room.
    chosen = sorted(result.units, key=_badness)[:MOST_TIMELINES]
    if not chosen:
        return ""
    parts = []
    for number, unit in enumerate(chosen):
        name = f"{unit.unit.instrument.symbol}, {unit.unit.schema}, {unit.unit.name}"
        parts.append(f"<h3>{escape(name)}</h3>{page.chart(f'unit{number}', timeline(unit), figures)}")
    left = len(result.units) - len(chosen)
    more = f" {left:,} more with less to tell are left out." if left else ""
    return (
        '<section><h2>Over time</h2><p class="what">Rows in each stretch of time, mean spread where there is a quote, '
        f"and every stretch with a finding.{more}</p>{''.join(parts)}</section>"
    )


def _notes(result: CheckResult) -> str:
    items = "".join(f"<li>{escape(named(where))}: {escape(note)}</li>" for note, where in noted(result).items())
    return f'<section><h2>What could not be checked</h2><ul class="notes">{items}</ul></section>' if items else ""
