"""`tickwright calibrate`: fit a model of the market to a recorded day, and write what came of it.

| file | what |
|---|---|
| `parameters.toml` | the fitted parameters, with model, version, hash and the data they come from |
| `report.html` | simulated beside recorded, every fact |
| `score.json` | distances, bands, verdicts and the score |
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tickwright.app import first_use
from tickwright.core.errors import CapacityError, ConfigError
from tickwright.core.time import parse_date
from tickwright.data.backends import open_catalog
from tickwright.data.store.disk import whole_files
from tickwright.run.parameters_file import SCHEMA, toml_table, toml_value

if TYPE_CHECKING:
    from tickwright.calibrate.flow import Calibration

LENGTHS = (100, 300)
"""Of our own metaorders, in market orders of the background."""
PARTICIPATIONS = (0.01, 0.05, 0.1, 0.2)
BOOKS = 200
TRIP_BOOKS = 512
PATIENT = "heuristic"
"""Who makes the patient round trip."""
FILES = ("parameters.toml", "report.html", "score.json")


def calibrate_day(
    catalog: str, instrument: str, date: str, model: str, out: Path, seed: int, start: str | None, end: str | None,
    refine: int | None = None, small_book: bool = False,
) -> None:  # fmt: skip
    """Calibrate, write the three files and tell the verdict."""
    from tickwright.app.report.calibration import render
    from tickwright.calibrate.flow import calibrate
    from tickwright.calibrate.models import model_of

    chosen, day = model_of(model, refine, small_book=small_book), parse_date(date, "--date")
    if out.exists() and not out.is_dir():
        raise ConfigError("--out", str(out), "a folder")
    first_use.say(*first_use.CALIBRATE)
    result = with_own_orders(calibrate(open_catalog(catalog), instrument, day, chosen, seed, start, end))
    texts = {
        "parameters.toml": parameters_toml(result),
        "report.html": render(result),
        "score.json": json.dumps(score_json(result), indent=2, sort_keys=True, allow_nan=False) + "\n",
    }  # fmt: skip
    with whole_files([out / name for name in texts]) as drafts:
        for draft, text in zip(drafts, texts.values(), strict=True):
            draft.write_text(text, "utf-8")
    score = result.score
    print(f"{chosen.name} version {chosen.version}, parameters {result.hash}")
    print(score.words())
    print(f"score: {'undecided' if score.score is None else f'{score.score:.3f}'}")
    print(patience(result))
    print(f"report: {out / 'report.html'}")


def with_own_orders(result: Calibration) -> Calibration:
    """The same with the impact of our own metaorders in the fitted market, and what a patient round trip loses there,
    where its book reacts to them by more than its emptied levels: the queue-reactive ones. Where the market stops under
    them the fit stands, and says so."""
    from tickwright.calibrate import layout as at
    from tickwright.calibrate.impact import ImpactRow, ImpactTable, PatientTrip
    from tickwright.learn.gate.check import mean_of
    from tickwright.learn.gate.impact import metaorders
    from tickwright.learn.gate.policy import ROUND_TRIPS, patient_trip
    from tickwright.learn.policies.named import policy_of
    from tickwright.run.parameters_file import market_of
    from tickwright.venue.sim.reactive.layout import MARKET
    from tickwright.venue.sim.reactive.parameters import FP, QL, QueueReactive
    from tickwright.venue.sim.reactive.prepare import layout_for

    table = {"model": result.model.name, "version": result.model.version, **result.fit.parameters}
    market, tick = market_of(table).parameters, result.fit.tick
    if not isinstance(market, QueueReactive | QL | FP) or layout_for(market) is not MARKET:
        return result  # nothing answers, or the book is larger than the ones that episodes are run in
    seconds = result.recorded.day.seconds / result.recorded.day.count(at.MARKET_ORDERS)
    rows = []
    try:
        measured = [(n, metaorders(market, n, BOOKS, result.seed, PARTICIPATIONS)) for n in LENGTHS]
        lost = patient_trip(market, policy_of(PATIENT), TRIP_BOOKS, result.seed)
    except CapacityError as error:
        return replace(result, stopped=str(error))
    for length, all_found in measured:
        for found in all_found:
            peak, after = mean_of(found.peak), mean_of(found.after)
            rows.append(
                ImpactRow(
                    found.participation, round(length * seconds, 1), peak.value * tick, peak.error * tick,
                    after.value * tick, after.error * tick, len(found.peak),
                )
            )  # fmt: skip
    source = (
        "Market orders of the typical size, evenly spread, so that they are the given share of all market orders; "
        f"{' and '.join(f'{n:,}' for n in LENGTHS)} market orders of the background long, in seconds of the recorded "
        "day's mean pace; recorded ticks. An episode is a pair of books, of which one buys and the other sells with "
        "the same draws to come; the news is subtracted."
    )
    trip = PatientTrip(PATIENT, ROUND_TRIPS[0], lost.value * tick, lost.error * tick, TRIP_BOOKS)
    return replace(result.with_impact(ImpactTable(tuple(rows), source)), patient=trip)


def patience(result: Calibration) -> str:
    """Whether the fitted market pays who waits, in words."""
    if result.stopped:
        return f"warning: our own orders could not be measured, and no policy should be trained there: {result.stopped}"
    if result.patient is None:
        return "a patient round trip was not measured: nobody trains in this market, or its book is too large for it"
    return ("" if result.patient.verdict == "loses" else "warning: ") + result.patient.words()


def score_json(result: Calibration) -> dict[str, object]:
    """score.json: the score and what it is of."""
    from tickwright.calibrate.moments import HOURS, responses_by_hour

    day = result.recorded_day
    settings = result.recorded.day.settings
    return {
        **result.score.to_json(),
        "instrument": day.instrument.symbol,
        "date": day.date.isoformat(),
        "begin_ns": settings.begin,
        "end_ns": settings.end,
        "levels": settings.levels,
        "model": result.model.name,
        "model_version": result.model.version,
        "parameters_hash": result.hash,
        "data_fingerprint": day.fingerprint,
        "seed": result.seed,
        "simulated_days": result.days,
        "recorded_ticks_per_tick": result.fit.tick,
        "own_orders_stopped": result.stopped or None,
        "own_orders": None if result.impact is None else [asdict(row) for row in result.impact.rows],
        "patient_trip": None
        if result.patient is None
        else {
            **asdict(result.patient),
            "verdict": result.patient.verdict,
            "interval": list(result.patient.interval),
        },
        "response_by_hour": {
            "edges": list(HOURS),
            "recorded": responses_by_hour(result.recorded),
            "simulated": responses_by_hour(result.simulated),
        },
        "notes": [*result.fit.notes, *result.recorded.notes],
    }


def parameters_toml(result: Calibration) -> str:
    """parameters.toml: every number in full, so that the hash can be formed again."""
    day = result.recorded_day
    lines = [
        f"schema = {toml_value(SCHEMA)}",
        f"model = {toml_value(result.model.name)}",
        f"version = {result.model.version}",
        f"hash = {toml_value(result.hash)}",
        "",
        "[fitted_to]",
        f"instrument = {toml_value(day.instrument.symbol)}",
        f"date = {toml_value(day.date.isoformat())}",
        f"begin_ns = {result.recorded.day.settings.begin}",
        f"end_ns = {result.recorded.day.settings.end}",
        f"data = {toml_value(day.fingerprint)}",
        f"recorded_ticks_per_tick = {result.fit.tick}",
        "",
        *toml_table("parameters", result.fit.parameters),
    ]
    return "\n".join(lines) + "\n"
