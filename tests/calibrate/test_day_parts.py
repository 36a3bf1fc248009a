"""The first minutes of a day apart: parts against plain counts of the rows, and known curves from a simulated day."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from make_days import OPEN

from tickwright.book.quotes import quotes_of
from tickwright.book.tape import compile_tape
from tickwright.calibrate.day import PassSettings, sums_of
from tickwright.calibrate.day_curves import day_curves, followed, towards_curves
from tickwright.calibrate.day_parts import OPENING, lengths_of, parts_of
from tickwright.calibrate.facts import DayFacts, facts_of
from tickwright.core.units import SECOND
from tickwright.venue.sim.reactive.parameters import FP, Flow
from tickwright.venue.sim.reactive.parameters.flow import CURVES
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
    day = facts(rows)
    found = parts_of([day], PARTS)
    ends = OPEN + np.cumsum([0, *PARTS]) * 60 * SECOND
    assert found.steps.tolist() == [60 * length for length in PARTS]

    def within(moments: np.ndarray) -> np.ndarray:
        # A sample of the clock has what came at its very moment.
        return np.searchsorted(ends[1:-1], moments, side="left")

    taken = rows[rows["action"] == ord("E")]
    lots = np.bincount(within(taken["ts_event"]), weights=taken["size"])
    np.testing.assert_allclose(found.lots * found.steps, lots)
    orders = np.bincount(within(np.unique(taken["ts_event"])))
    np.testing.assert_allclose(found.markets * found.steps, orders, atol=1.0)  # two in a nanosecond are one
    # Of the events each block's times between them know all but the first of each kind.
    events, blocks = found.events * found.steps, day.day.sums["gaps"].sum((1, 2))
    blocks[0] += 3
    np.testing.assert_allclose([events[: len(OPENING)].sum(), *events[len(OPENING) :]], blocks, atol=1.0)
    quotes = quotes_of(compile_tape(rows))
    stood = quotes[np.searchsorted(quotes["ts_event"], OPEN + np.arange(BLOCKS * 900) * SECOND, side="right") - 1]
    spread = stood["ask"] - stood["bid"]
    mid = (stood["ask"] + stood["bid"]).astype(float)
    edges = np.cumsum([0, *PARTS]) * 60
    squares = np.zeros(len(PARTS))
    for k, (a, b) in enumerate(pairwise(edges)):
        assert found.spread[k] == pytest.approx(spread[a:b].mean())
        begins = np.arange(a, b)[: mid.size - 10 - a]
        begins = begins if k < len(OPENING) else begins[begins % 10 == 0]
        squares[k] = np.mean((mid[begins + 10] - mid[begins]) ** 2)
    np.testing.assert_allclose(found.variance, squares / np.average(squares, weights=PARTS))


def test_a_day_of_large_moves_says_no_more_of_the_hours_than_a_quiet_one() -> None:
    days = [facts(rows_of(market(), seed)) for seed in (3, 4)]
    one, other = (parts_of([day], PARTS).variance for day in days)
    days[0].day.clock["mid2"] *= 9  # and a market of half the tick
    np.testing.assert_allclose(parts_of(days, PARTS).variance, (one + other) / 2)


def test_a_part_that_some_days_do_not_know_is_that_of_the_others() -> None:
    days = [facts(rows_of(market(), seed)) for seed in (3, 4)]
    alone = parts_of(days[1:], PARTS)
    days[0].day.clock["known"][180:360] = 0  # the third part
    both, one = parts_of(days, PARTS), parts_of(days[:1], PARTS)
    assert both.spread[2] == alone.spread[2]
    others = np.arange(len(PARTS)) != 2
    usual = np.average(alone.variance[others], weights=np.array(PARTS)[others])  # what both days are relative to
    assert both.variance[2] == pytest.approx(alone.variance[2] / usual)
    assert one.spread[2] == pytest.approx(np.average(one.spread[others], weights=np.array(PARTS)[others]))


def test_a_day_in_short_has_no_parts_of_a_minute() -> None:
    # A busy day is simulated in less time: what is seen of its first minute says nothing.
    recorded = facts(rows_of(market(), 5))
    short = PassSettings(OPEN, OPEN + 400 * SECOND, blocks=BLOCKS)
    given = market(volume_curve=(6.0, 1.0), day_parts=(1, 59), posting_curve=(0.5, 1.0))
    seen = facts_of(sums_of(chunks(open_session(given, 6, short.begin, short.end)), short))
    assert lengths_of(recorded, seen) == BLOCKS * (1,)
    moved = towards_curves(given, recorded, [seen]).flow
    assert moved.day_parts == ()
    assert {len(getattr(moved, name)) for name in CURVES} == {BLOCKS}


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
