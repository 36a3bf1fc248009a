"""The page of a check of a catalog: findings as a table, pictures of where they lie. One file that loads nothing."""

from __future__ import annotations

from html import escape
from typing import Any

from tickwright.app.report import page
from tickwright.app.report.quality_figures import coverage, gap_map, timeline
from tickwright.run.quality.check import CheckResult, UnitResult

MOST_TIMELINES = 24
"""Units that get a picture of their own: those with the worst findings first."""
_ORDER = {"error": 0, "warning": 1, "info": 2}
_HEADS = ("finding", "severity", "instrument", "schema", "count", "first", "last", "what it would do to fills")


def render(result: CheckResult) -> str:
    """The page. A function of the result alone."""
    answer = result.to_json()
    figures: page.Figures = {}
    body = "".join(
        [
            _header(answer),
            _findings(answer["findings"]),
            _fixed(answer.get("fixed", [])),
            _maps(result, figures),
            _timelines(result, figures),
            _notes(result),
        ]
    )
    return page._PAGE.format(
        title=escape(_title(answer)),
        css=page._own("page.css"),
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
    counts = [f"{sum(f['severity'] == s for f in answer['findings'])} of severity {s}" for s in _ORDER]
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
    ordered = sorted(findings, key=lambda f: (_ORDER[f["severity"]], -f["count"], f["instrument"], f["code"]))
    rows = "".join(
        "<tr>"
        f'<td title="{escape(f["code"])}"><b>{escape(f["code"])}</b><br>{escape(f["meaning"])}</td>'
        f"<td>{escape(f['severity'])}</td><td>{escape(f['instrument'])}</td><td>{escape(f['schema'])}</td>"
        f"<td>{f['count']:,}{_detail(f)}</td><td>{_place(f['first'])}</td><td>{_place(f['last'])}</td>"
        f"<td>{escape(f['effect_on_fills'])}</td></tr>"
        for f in ordered
    )
    heads = "".join(f"<th>{escape(head)}</th>" for head in _HEADS)
    return (
        '<section><h2 class="flow">Findings</h2><p class="what">Times are UTC; a row counts from 0 within its day, for '
        'bars within the whole history.</p><div class="scroll"><table class="findings">'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _detail(finding: dict[str, Any]) -> str:
    parts = ", ".join(f"{name} {count:,}" for name, count in finding.get("detail", {}).items())
    return f"<br><small>{escape(parts)}</small>" if parts else ""


def _place(place: dict[str, Any]) -> str:
    told = {k: v for k, v in place.items() if k not in ("ts", "time", "day", "row")}
    rest = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told.items())
    return f"{escape(place['time'])}<br><small>row {place['row']:,}{': ' if rest else ''}{escape(rest)}</small>"


def _fixed(log: list[dict[str, Any]]) -> str:
    if not log:
        return ""
    items = []
    for entry in log:
        what = (
            "; ".join(entry["reasons"])
            if entry["what"] == "left"
            else f"{entry['moved']:,} rows moved to their place in time, {entry['removed']:,} removed"
        )
        where = f"{entry['instrument']} {entry['schema']} {entry['day']}"
        items.append(f"<li>{escape(where)}, {entry['what']}: {escape(what)}</li>")
    return f'<section><h2 class="flow">What was put right</h2><ul class="notes">{"".join(items)}</ul></section>'


def _maps(result: CheckResult, figures: page.Figures) -> str:
    days = [unit for unit in result.units if unit.unit.day is not None]
    bars = [unit for unit in result.units if unit.unit.day is None]
    text = ""
    if days:
        chart = page._chart("gaps", gap_map(days), figures)
        text += (
            '<section><h2>Where there are rows</h2><p class="what">Rows by time of the UTC day, logarithmic; white '
            f"is a time without any. One line an instrument, schema and day.</p>{chart}</section>"
        )
    if bars:
        chart = page._chart("coverage", coverage(bars), figures)
        text += (
            '<section><h2>Where there are bars</h2><p class="what">Bars by time, as a share of the fullest stretch of '
            f"the same line; white is a time without any.</p>{chart}</section>"
        )
    return text


def _badness(unit: UnitResult) -> tuple[int, int]:
    from tickwright.data.quality.codes import CODES

    worst = min((_ORDER[CODES[code].severity] for code in unit.found), default=len(_ORDER))
    return worst, -sum(found.count for found in unit.found.values())


def _timelines(result: CheckResult, figures: page.Figures) -> str:
    # The worst first; those without findings only while there is room.
    chosen = sorted(result.units, key=_badness)[:MOST_TIMELINES]
    if not chosen:
        return ""
    parts = []
    for number, unit in enumerate(chosen):
        name = f"{unit.unit.instrument.symbol}, {unit.unit.schema}, {unit.unit.name}"
        parts.append(f"<h3>{escape(name)}</h3>{page._chart(f'unit{number}', timeline(unit), figures)}")
    left = len(result.units) - len(chosen)
    more = f" {left:,} more with less to tell are left out." if left else ""
    return (
        '<section><h2>Over time</h2><p class="what">Rows in each stretch of time, mean spread where there is a quote, '
        f"and every stretch with a finding.{more}</p>{''.join(parts)}</section>"
    )


def _notes(result: CheckResult) -> str:
    grouped: dict[str, list[str]] = {}
    for unit in result.units:
        for note in unit.notes:
            grouped.setdefault(note, []).append(f"{unit.unit.instrument.symbol} {unit.unit.schema} {unit.unit.name}")
    items = "".join(
        f"<li>{escape(', '.join(where[:5]))}{f' and {len(where) - 5:,} more' if len(where) > 5 else ''}: "
        f"{escape(note)}</li>"
        for note, where in grouped.items()
    )
    return f'<section><h2>What could not be checked</h2><ul class="notes">{items}</ul></section>' if items else ""
