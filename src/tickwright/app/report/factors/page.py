"""Puts the page of stored factors together: one HTML file that holds its style, its script and its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from tickwright.app.report import page
from tickwright.app.report.factors import day_figures, figures, tables
from tickwright.app.report.factors.day import LEAST, Pattern
from tickwright.app.report.factors.views import FactorView, coverage, exemplars
from tickwright.core.units import DAY, SECOND
from tickwright.factors.beta.config import BASKET

_LATE = DAY
_FEW = 0.5


@dataclass(frozen=True)
class FactorReport:
    """What the page is made of."""

    catalog: str
    views: Sequence[FactorView]
    patterns: Sequence[Pattern] = ()
    minutes: Sequence[str] = ()
    """Exchange time of every minute of the patterns."""
    pattern_note: str = ""
    """What the patterns were made of, or why there are none."""
    chosen: Sequence[str] = ()
    """Symbols that were asked for; else some are taken."""
    notes: Sequence[str] = field(default_factory=tuple)


def render(report: FactorReport) -> str:
    """The page. A function of the report alone."""
    drawn: page.Figures = {}
    body = "".join(
        [
            _header(report),
            *(_factor(number, view, report, drawn) for number, view in enumerate(report.views)),
            _day(report, drawn),
            _notes(report),
        ]
    )
    return page.assemble("Factors", body, drawn)


def _header(report: FactorReport) -> str:
    rows = [
        (
            _name(view), view.definition.tags.grid, f"{len(view.symbols):,}", _span(view),
            f"{view.rows['backfill']:,}", f"{view.rows['live']:,}", f"{100 * float(coverage(view).mean()):.1f} %",
            _mismatches(view), view.definition.tags.stage,
        )
        for view in report.views
    ]  # fmt: skip
    heads = (
        "factor", "grid", "symbols", "slots drawn", "backfilled rows", "live rows", "with a value", "live mismatches",
        "stage",
    )  # fmt: skip
    return (
        f"<header><h1>Factors</h1><p>Stored values in {escape(report.catalog)}</p></header>"
        f'<section class="first">{tables.table(heads, rows)}</section>'
    )


def _name(view: FactorView) -> str:
    tags = view.definition.tags
    return f"{tags.family} {tags.kind} to {tags.benchmark}, {tags.horizon} slots"


def _span(view: FactorView) -> str:
    first, last = (str(np.datetime64(int(t), "ns"))[:10] for t in view.ts_event[[0, -1]])
    return f"{first} to {last}, {len(view.ts_event):,}"


def _mismatches(view: FactorView) -> str:
    if not view.rows["live"]:
        return "no live rows"
    both, wrong = int(view.compared["both"].sum()), int(view.compared["mismatched"].sum())
    return f"{wrong:,} of {both:,}" if both else "no common row"


def _factor(number: int, view: FactorView, report: FactorReport, drawn: page.Figures) -> str:
    """One factor: coverage, paths, sectors, live against backfill, how it was made."""
    own = f"f{number}"
    at = _last_full(view)
    parts = [
        f"<section><h2>{escape(_name(view))}</h2>"
        f'<p class="what">{escape(view.definition.factor_id)}, {escape(view.definition.tags.grid)}, version '
        f"{escape(view.definition.tags.version)}. Drawn are {escape(view.origin)} rows, the last version of each.</p>",
        _coverage(own, view, drawn),
        _paths(own, view, report, drawn),
        _sectors(own, view, at, drawn),
        _trust(view),
        _made_by(view),
        "</section>",
    ]
    return "".join(parts)


def _coverage(own: str, view: FactorView, drawn: page.Figures) -> str:
    section = f"{own}-coverage"
    buttons = _buttons(section, "Map of", (figures.SHARE, figures.WHY))
    return (
        '<h3>Coverage and status</h3><p class="what">A row has a value, or a status that says why it has none. Symbols '
        f"with the least coverage on top; each cell is {_cell(view)}, grey is warm-up or no row; "
        f"a reason is drawn where more than {figures.SELDOM:.0%} lack a value. {_first_slot(view)}"
        f"{escape(tables.warmup_note(view))}</p>"
        f"{page.chart(f'{own}-status', figures.status_share(view), drawn)}"
        f"{buttons}{page.chart(f'{own}-map', figures.coverage_map(view), drawn, section)}"
        f"{tables.coverage_table(view)}"
    )


def _first_slot(view: FactorView) -> str:
    return "The first slot of a session has no return, so it has no value. " if _nights(view) else ""


def _cell(view: FactorView) -> str:
    width = -(-len(view.ts_event) // figures.COLUMNS)
    return "one slot" if width == 1 else f"about {width:,} slots"


def _paths(own: str, view: FactorView, report: FactorReport, drawn: page.Figures) -> str:
    section = f"{own}-paths"
    asked = [k for k, symbol in enumerate(view.symbols) if symbol in report.chosen]
    chosen = (asked or exemplars(view))[:24]
    how = (
        ""
        if asked
        else " Shown are symbols across the ranks of the mean value, the widest band and the least coverage."
    )
    every = max(1, -(-len(view.ts_event) // figures.POINTS))
    thin = f" Every {every}th slot is drawn as it stands, without smoothing." if every > 1 else ""
    error = (
        "The band is the estimate ± 1.96 standard errors, slot by slot; the errors take residuals for independent and "
        "of one variance, so in volatile stretches they are too narrow. Neighbouring windows share all but one "
        "observation: a smooth path is no evidence of a stable beta. "
        if np.isfinite(view.stderr).any()
        else "This factor has no standard error, so no band. "
    )
    one = "The dotted line at 1 is the benchmark's own beta. " if view.slope else ""
    below = (
        "" if view.benchmark_path is None else f"Below: the benchmark itself, cumulative log return{_nights(view)}. "
    )
    return (
        f'<h3>Paths with confidence bands</h3><p class="what">{error}{one}{below}A line breaks where there is no '
        "value; the axis leaves out the farthest fiftieth of a symbol on either side, and more of a wild one."
        f"{how}{thin} {escape(tables.bands_line(view))}</p>"
        f"{_buttons(section, 'Symbol', [view.symbols[k] for k in chosen])}"
        f"{page.chart(section, figures.paths(view, chosen), drawn, section)}"
    )


def _sectors(own: str, view: FactorView, at: int, drawn: page.Figures) -> str:
    """The section at one slot, by sector as it was known on that date."""
    if not np.isfinite(view.value[:, at]).any():
        return '<h3>Across the section</h3><p class="what">No slot has a value.</p>'
    unknown = sum(1 for i, s in enumerate(view.symbols) if np.isfinite(view.value[i, at]) and not view.sectors.get(s))
    told = f" {unknown:,} symbols had no known sector then." if unknown else ""
    of_one = ""
    if view.slope:
        of_one = (
            " A basket leaves the symbol itself out and has noise of its own, which pulls the mean of all below 1."
            if view.definition.tags.benchmark == BASKET
            else " The plain mean is 1 only where the benchmark weighs all symbols alike."
        )
    return (
        '<h3>Across the section, by sector</h3><p class="what">The slot '
        f"{escape(str(figures.labels(view)[at]))}, with 95 % intervals; the bar is the median. Sectors are those known "
        f"on that date.{told}{of_one}</p>"
        f"{page.chart(f'{own}-sectors', figures.sectors(view, at), drawn)}{tables.section_table(view, at)}"
    )


def _nights(view: FactorView) -> str:
    settings = view.definition.market
    crosses = settings.get("overnight")
    return " within sessions, without the nights" if settings.get("session") and not (view.daily or crosses) else ""


def _last_full(view: FactorView) -> int:
    """The last slot on which at least half as many symbols have a value as on the best one."""
    count = np.isfinite(view.value).sum(axis=0)
    full = np.flatnonzero(count >= max(_FEW * count.max(), 1))
    return int(full[-1]) if len(full) else len(count) - 1


def _trust(view: FactorView) -> str:
    """Checks of the code, and live against backfill."""
    checks = (
        f'<p class="what">Checks of this configuration, to the bit, {escape(view.checked_on)}.</p>'
        f"{tables.checks_table(view)}"
        if view.checks
        else f'<p class="what">{escape(view.checked_on)}</p>'
    )
    return f"<h3>Parity</h3>{checks}<h3>Live against backfill</h3>{_compared(view)}"


def _compared(view: FactorView) -> str:
    if not view.rows["live"]:
        return '<p class="what">No live rows are stored, so nothing can be compared.</p>'
    if not view.rows["backfill"]:
        return '<p class="what">No backfilled rows are stored, so nothing can be compared.</p>'
    assert view.delay is not None
    median, largest = view.delay
    warning = (
        '<p class="warning">These live rows were written long after they could be known: a stream was replayed. They '
        "show that stream and batch agree, and nothing of a live feed.</p>"
        if median > _LATE
        else ""
    )
    return (
        '<p class="what">Of a live row the version told first, which is what could be acted on; of a backfilled row '
        "the last. Equal means every column, to the bit; within, of one status and within the tolerance. Rows were "
        f"written {_time(median)} after they could be known in the median, {_time(largest)} at the most.</p>"
        f"{warning}{tables.compared_table(view.compared)}"
    )


def _time(nanos: int) -> str:
    if nanos >= 2 * DAY:
        return f"{nanos / DAY:,.0f} days"
    return f"{nanos / SECOND:,.3g} s"


def _made_by(view: FactorView) -> str:
    """The resolved configuration, as it is stored."""
    settings = tables.table(("setting", ""), [(name, _text(value)) for name, value in view.definition.settings.items()])
    written = ", ".join(
        f"{origin} {np.datetime64(first, 'ns')!s:.19} to {np.datetime64(last, 'ns')!s:.19}"
        for origin, (first, last) in view.recorded.items()
    )
    return (
        f"<details><summary>How it was made: the resolved configuration</summary>{settings}"
        f'<p class="what">Written, UTC: {escape(written)}.</p></details>'
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "none" if value in (None, "") else str(value)


def _buttons(section: str, label: str, names: Sequence[str]) -> str:
    buttons = "".join(f'<button type="button" data-policy="{escape(n)}">{escape(n)}</button>' for n in names)
    return f'<nav class="selector" data-section="{section}"><span>{escape(label)}</span>{buttons}</nav>'


def _day(report: FactorReport, drawn: page.Figures) -> str:
    head = "<section><h2>The pattern of the day, before and after adjustment</h2>"
    if not report.patterns:
        return f'{head}<p class="what">{escape(report.pattern_note)}</p></section>'
    names = [one.name for one in report.patterns]
    heads = ("measure", "unit", "symbols", "sessions", "cells", "explained by the minute, before", "after",
             "correlation with the session before, before", "after")  # fmt: skip
    return (
        f'{head}<p class="what">Before: less the mean over all minutes of strictly earlier sessions. After: less the '
        f"mean of the same minute in strictly earlier sessions, {LEAST} of them at least. Both are judged on the same "
        "minutes of the same sessions, none of which the adjustment had seen. Bands are 95 % over sessions. A pattern "
        "that stays in the second curve would pass for shocks; a level that differs from zero is a market that became "
        f"busier or calmer than it was. {escape(report.pattern_note)}</p>"
        f"{_buttons('day', 'Measure', names)}"
        f"{page.chart('day-pattern', day_figures.figure(report.patterns, report.minutes), drawn, 'day')}"
        f"{tables.table(heads, day_figures.table(report.patterns))}"
        '<p class="what">Explained: adjusted R² of means by symbol and minute.</p></section>'
    )


def _notes(report: FactorReport) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in report.notes)
    return f'<section><h2 class="flow">Worth knowing</h2><ul class="notes">{items}</ul></section>' if items else ""
