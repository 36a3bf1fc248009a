"""The page of a calibration: simulated beside recorded, every fact with its band, and the verdict in words.

One HTML file that holds its style, its script and its data, and loads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from tickwright.app.report import page
from tickwright.app.report.calibration_figures import figure, impact_figure
from tickwright.calibrate import layout as at
from tickwright.calibrate.definitions import DEFINITIONS
from tickwright.calibrate.facts import DayFacts
from tickwright.calibrate.flow import Calibration
from tickwright.calibrate.impact import ImpactTable
from tickwright.calibrate.score import FactScore
from tickwright.core.time import time_text

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Spread and depth", ("spread-events", "spread-time", "volumes", "imbalance-1", "imbalance-5")),
    ("Tempo", ("gaps-limit", "gaps-cancel", "gaps-market", "bursts", "lifetime")),
    ("Prices", ("signature-trades", "signature-clock", "kurtosis-trades", "kurtosis-clock", "clustering")),
    ("The day", ("volume-curve", "volatility-curve")),
    ("Order flow and the price", (
        "sign-memory", "mid-response", "response-MO0", "response-MO'", "response-LO0", "response-LO'", "response-CA0",
        "response-CA'", "sweep-spread", "sweep-depth",
    )),
    ("Passive orders", ("markouts", "fill-share", "fill-time")),
)  # fmt: skip
"""What is drawn; the tail exponents are numbers and stand in the table alone."""

SHOWN = 10
"""Numbers of a list of parameters that the page shows; the file has them all."""


def render(result: Calibration) -> str:
    """The page. A function of the result alone."""
    figures: page.Figures = {}
    body = "".join(
        [
            _header(result),
            _verdict(result),
            *(_section(title, names, result, figures) for title, names in SECTIONS),
            _impact(result.impact, figures),
            _parameters(result),
            _notes(result),
        ]
    )
    return page._PAGE.format(
        title=escape(_title(result)),
        css=page._own("page.css"),
        body=body,
        plotly=page._plotly(),
        shared=page._island({}),
        figures=page._island(figures),
        script=page._own("page.js"),
    )


def _title(result: Calibration) -> str:
    day = result.recorded_day
    return f"Calibration of {result.model.name} to {day.instrument.symbol} on {day.date}"


def _header(result: Calibration) -> str:
    day, settings = result.recorded_day, result.recorded.day.settings
    zone = day.instrument.timezone
    facts = {
        "verdict": "passed" if result.score.passed else "not passed",
        "score": "undecided" if result.score.score is None else f"{result.score.score:.3f} of 1",
        "model": f"{result.model.name}, version {result.model.version}",
        "parameters": result.hash,
        "recorded": f"{day.instrument.symbol}, {day.date}, {time_text(settings.begin, zone)[:8]} to "
        f"{time_text(settings.end, zone)[:8]} ({zone}), data {day.fingerprint}",
        "levels": f"events on the best {settings.levels} of each side",
        "tick of the model": f"{result.fit.tick} recorded tick{'' if result.fit.tick == 1 else 's'}",
        "simulated": f"{result.days} days with seeds that the fit has not seen; each fact is judged on the one whose "
        "distance is the median, and drawn from the first",
        "seed": str(result.seed),
    }
    if result.patient is not None:
        facts["a patient round trip"] = result.patient.words()
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    return (
        f"<header><h1>{escape(_title(result))}</h1><p>{escape(result.score.words())}</p></header>"
        f'<section class="first"><dl class="facts">{rows}</dl></section>'
    )


def _verdict(result: Calibration) -> str:
    counts = "".join(
        f"<tr><th>{escape(name)}</th><td>{_count(result.recorded, index)}</td>"
        f"<td>{_count(result.simulated, index)}</td></tr>"
        for name, index in (
            ("limit orders", at.LIMIT_ORDERS),
            ("cancels of whole orders", at.WHOLE_CANCELS),
            ("partial cancels", at.PARTIAL_CANCELS),
            ("market orders", at.MARKET_ORDERS),
            ("lots they traded", at.TRADED_LOTS),
            ("lots traded with hidden orders", at.HIDDEN_LOTS),
        )
    )
    rows = "".join(_row(one) for one in result.score.facts)
    ranges = "".join(
        f"<tr><td>{escape(DEFINITIONS[r.range.fact].title)}{'' if r.range.x is None else f' at {r.range.x:g}'}</td>"
        f"<td>{escape(r.verdict)}</td><td>{_number(r.simulated)}</td><td>{_number(r.recorded)}</td>"
        f"<td>{r.range.low:g} to {r.range.high:g}</td><td>{escape(r.range.reason)}</td></tr>"
        for r in result.score.ranges
    )
    return (
        '<section><h2 class="flow">Verdict</h2><p class="what">A fact passes when the distance between the days is '
        "within its band, and is undecided when the recorded day alone, resampled, is farther from itself than that. "
        "The interval holds 95 % of the distances between resampled days. Distributions: Wasserstein distance; curves: "
        "mean absolute difference.</p>"
        '<div class="scroll"><table><thead><tr><th>fact</th><th>verdict</th><th>distance</th><th>interval</th>'
        f"<th>noise of the day</th><th>band</th><th>why this band</th></tr></thead><tbody>{rows}</tbody></table></div>"
        "<h3>Ranges that are asked of a market in general</h3>"
        '<p class="what">Of several simulated days the median at each lag counts. As recorded: the recorded day lies '
        "beyond the same end of the range, and the market by no more than the band of the fact, or the noise of the "
        "day, further out. Undecided: the recorded day meets it, but by less than its own noise. Neither is held "
        "against a market that is like its day.</p>"
        '<div class="scroll"><table><thead><tr><th>fact</th>'
        "<th>verdict</th><th>simulated, farthest out</th><th>recorded</th><th>range</th><th>why</th></tr></thead>"
        f"<tbody>{ranges}</tbody></table></div>"
        '<h3>How much of what</h3><div class="scroll"><table class="numbers"><thead><tr><th></th><th>recorded</th>'
        f"<th>simulated</th></tr></thead><tbody>{counts}</tbody></table></div></section>"
    )


def _count(day: DayFacts, index: int) -> str:
    return f"{day.day.count(index):,}"


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:.3g}"


def _row(one: FactScore) -> str:
    apart, unit = one.distance, " of its level" if one.band.scaled else ""
    if apart is None:
        cells = "<td>no common value</td><td></td><td></td>"
    else:
        cells = f"<td>{apart.value:.3g}</td><td>{apart.low:.3g} to {apart.high:.3g}</td><td>{apart.noise:.3g}</td>"
    return (
        f"<tr><td>{escape(DEFINITIONS[one.fact].title)}</td><td><b>{escape(one.verdict)}</b></td>{cells}"
        f"<td>{one.band.limit:g}{unit}</td><td>{escape(one.band.reason)}</td></tr>"
    )


def _section(title: str, names: tuple[str, ...], result: Calibration, figures: page.Figures) -> str:
    verdicts = {one.fact: one.verdict for one in result.score.facts}
    cells = []
    for name in names:
        words = DEFINITIONS[name]
        chart = page.chart(name, figure(result.recorded[name], result.simulated[name], result.seed), figures)
        cells.append(
            f"<div><h3>{escape(words.title)}: {escape(verdicts[name])}</h3>"
            f'<p class="what">{escape(words.what)} <small>{escape(words.source)}</small></p>{chart}</div>'
        )
    pairs = "".join(f'<div class="pair">{"".join(cells[i : i + 2])}</div>' for i in range(0, len(cells), 2))
    return f"<section><h2>{escape(title)}</h2>{pairs}</section>"


def _impact(table: ImpactTable | None, figures: page.Figures) -> str:
    if table is None:
        return (
            '<section><h2 class="flow">Impact of our own orders</h2><p>Not measured in this run: it needs our own '
            "metaorders in the model, which no recorded day holds.</p></section>"
        )
    chart = page.chart("impact", impact_figure(table), figures)
    rows = "".join(
        f"<tr><td>{r.participation:.3g}</td><td>{r.seconds:g}</td><td>{r.at_end:.3f} ± {1.96 * r.at_end_error:.3f}</td>"
        f"<td>{r.after_as_long:.3f} ± {1.96 * r.after_error:.3f}</td><td>{r.episodes:,}</td></tr>"
        for r in table.rows
    )
    slopes = [(seconds, table.exponent(seconds)) for seconds in sorted({r.seconds for r in table.rows})]
    told = "; ".join(f"{slope:.2f} at {seconds:g} s" for seconds, slope in slopes if slope is not None)
    return (
        f'<section><h2>Impact of our own orders</h2><p class="what">{escape(table.source)} Exponent in participation: '
        f"{escape(told or 'not known')}; the square-root law has 0.5.</p>{chart}"
        '<div class="scroll"><table class="numbers"><thead><tr><th>participation</th><th>length, s</th>'
        "<th>at the end, ticks</th><th>as long again later</th><th>episodes</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _parameters(result: Calibration) -> str:
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(_text(value))}</td></tr>"
        for name, value in _flat("", result.fit.parameters)
    )
    return (
        f'<section><h2 class="flow">Parameters</h2><p class="what">Model {escape(result.model.name)}, version '
        f"{result.model.version}, hash {escape(result.hash)}: the same as in parameters.toml, "
        "which has long tables in full.</p>"
        f'<table class="numbers"><tbody>{rows}</tbody></table></section>'
    )


def _flat(where: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{where}{name}.", value)
        else:
            yield f"{where}{name}", value


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], (list, tuple)):
        return f"{len(value)} rows; the first: {_text(value[0])}"
    if isinstance(value, (list, tuple)) and len(value) > SHOWN:
        return f"{_text(value[:SHOWN])}, … ({len(value)} numbers)"
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(v) for v in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _notes(result: Calibration) -> str:
    notes = [
        *result.fit.notes,
        *([f"our own orders could not be measured: {result.stopped}"] if result.stopped else []),
        *(f"recorded: {note}" for note in result.recorded.notes),
        *(f"simulated: {note}" for note in result.simulated.notes),
        "the bands resample blocks of one day; they say nothing of how days differ from one another",
    ]
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<section><h2 class="flow">Worth knowing</h2><ul class="notes">{items}</ul></section>'
