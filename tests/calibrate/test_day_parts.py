"""The first minutes of a day apart: parts against plain counts of the rows, and known curves from a simulated day."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from make_days import OPEN

from tickwright.calibrate.day import PassSettings, sums_of
from tickwright.calibrate.day_curves import day_curves, followed, towards_curves
from tickwright.calibrate.day_parts import OPENING, lengths_of, parts_of
from tickwright.calibrate.facts import DayFacts, facts_of
from tickwright.core.units import SECOND
from tickwright.venue.sim.reactive.parameters import FP, Flow
from tickwright.venue.sim.reactive.session import chunks, open_session

BLOCKS, BLOCK = 4, 900 * SECOND
END = OPEN + BLOCKS * BLOCK
PARTS = (*OPENING, *(3 * (sum(OPENING),)))


def market(**changes: object) -> FP:
    flow = Flow(sizes=(1, 2), weights=(0.5, 0.5), messages_a_second=20.0, activity_sd=0.0, volume_curve=(1.0,),
                volatility_curve=(1.0,))  # fmt: skip
    return dataclasses.replace(FP.plain_small_tick(), flow=dataclasses.replace(flow, **changes))  # type: ignore[arg-type]


def rows_of(given: FP, seed: int) -> np.ndarray:
    return np.concatenate(list(chunks(open_session(given, seed, OPEN, END))))


def facts(rows: np.ndarray, blocks: int = BLOCKS) -> DayFacts:
    return facts_of(sums_of([rows], PassSettings(OPEN, END, blocks=blocks)))


def test_a_block_is_cut_where_its_parts_are_long_enough() -> None:
    rows = rows_of(market(), 1)
    assert lengths_of(facts(rows)) == PARTS
    assert lengths_of(facts(rows, blocks=10)) == 10 * (1,)  # a fifteenth of six minutes has 24 samples of the clock


def test_parts_hold_what_the_rows_hold() -> None:
    rows = rows_of(market(volume_curve=(6.0, 1.0), day_parts=(1, 59)), 2)
    found = parts_of([facts(rows)], PARTS)
    edges = OPEN + np.cumsum([0, *PARTS]) * 60 * SECOND
    taken = rows[rows["action"] == ord("E")]
    lots = [taken["size"][(taken["ts_event"] >= a) & (taken["ts_event"] < b)].sum() for a, b in pairwise(edges)]
    # The last sample of the clock is a second before the end.
    np.testing.assert_allclose(found.lots[:-1] * found.lengths[:-1], lots[:-1])
    assert found.lots[-1] * found.lengths[-1] == pytest.approx(lots[-1], rel=0.01)
    moments = [
        np.unique(taken["ts_event"][(taken["ts_event"] >= a) & (taken["ts_event"] < b)]) for a, b in pairwise(edges)
    ]
    orders = np.array([moment.size for moment in moments], float)
    np.testing.assert_allclose((found.markets * found.lengths)[:-1], orders[:-1], atol=1.0)  # one may be under way


def test_the_mean_of_days_is_of_their_parts() -> None:
    days = [facts(rows_of(market(), seed)) for seed in (3, 4)]
    alone, both = [parts_of([day], PARTS) for day in days], parts_of(days, PARTS)
    for name in ("events", "markets", "lots", "variance", "spread"):
        np.testing.assert_allclose(getattr(both, name), np.mean([getattr(one, name) for one in alone], 0))


def test_the_first_minutes_come_back() -> None:
    curves = {
        "volume_curve": (6.0, 3.0, 1.5, *(4 * (0.9,))),
        "posting_curve": (0.2, 0.4, 0.7, *(4 * (1.1,))),
    }
    recorded = facts(rows_of(market(day_parts=PARTS, **curves), 5))
    read = day_curves(recorded)
    assert read["day_parts"] == PARTS
    mean = np.average(curves["volume_curve"], weights=PARTS)
    # Fewer limit orders are fewer events: what is wanted of the pace is more than the events show.
    assert 0.4 < read["volume_curve"][0] / (6.0 / mean) < 1.1
    assert read["posting_curve"][0] < read["posting_curve"][1] < read["posting_curve"][-1]
    wanted = followed(parts_of([recorded], PARTS))
    found, apart = market(), []
    for step in range(16):
        seen = [facts(rows_of(found, 20 + 2 * step + k)) for k in (0, 1)]
        shown = followed(parts_of(seen, PARTS))
        apart.append([abs(np.log(shown[name][0] / wanted[name][0])) for name in ("volume_curve", "posting_curve")])
        found = towards_curves(found, recorded, seen)
    assert min(apart[0]) > 0.5
    assert max(np.mean(apart[-3:], 0)) < 0.35  # a minute of a day has bursts of its own
    assert found.flow.day_parts == PARTS
