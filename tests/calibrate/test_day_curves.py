"""Curves of the day, sizes and the window of a feed: what a fit reads off a day and what it is measured by."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from make_days import OPEN

from tickwright.calibrate import layout as at
from tickwright.calibrate.day import PassSettings, sums_of
from tickwright.calibrate.day_curves import day_curves, followed, towards_curves
from tickwright.calibrate.day_parts import lengths_of, parts_of
from tickwright.calibrate.facts import DayFacts, facts_of
from tickwright.calibrate.flow_fit import sizes_of
from tickwright.calibrate.fp import comeback_of
from tickwright.calibrate.queue_fit import seen_at_best
from tickwright.core.units import SECOND
from tickwright.venue.sim.reactive.layout import SIZES
from tickwright.venue.sim.reactive.parameters import FP, Flow
from tickwright.venue.sim.reactive.session import chunks, open_session

END = OPEN + 1800 * SECOND


def market(**changes: object) -> FP:
    flow = Flow(sizes=(1, 2), weights=(0.5, 0.5), messages_a_second=20.0, activity_sd=0.0, volume_curve=(1.0,),
                volatility_curve=(1.0,))  # fmt: skip
    return dataclasses.replace(FP.plain_small_tick(), flow=dataclasses.replace(flow, **changes))  # type: ignore[arg-type]


def day(given: FP, seed: int, levels: int = 10) -> DayFacts:
    settings = PassSettings(OPEN, END, blocks=6, levels=levels)
    return facts_of(sums_of(chunks(open_session(given, seed, OPEN, END)), settings))


def shown(*days: DayFacts) -> dict[str, np.ndarray]:
    return followed(parts_of(days, lengths_of(days[0])))


def test_the_spread_of_a_day_comes_back() -> None:
    truth = market(posting_curve=(0.4, 0.7, 1.0, 1.0, 1.2, 1.7))
    recorded = day(truth, 1)
    wanted = shown(recorded)["posting_curve"]
    assert wanted[0] > 1.4 > 0.9 > wanted[-1]
    found = market()
    apart = []
    for step in range(8):
        seen = [day(found, 10 + 2 * step + k) for k in (0, 1)]
        apart.append(float(np.abs(shown(*seen)["posting_curve"] - wanted).mean()))
        found = towards_curves(found, recorded, seen)
    assert apart[0] > 0.2
    assert apart[-1] < 0.1
    # what it starts from is of the right side of 1 already
    started = np.array(day_curves(recorded)["posting_curve"])
    assert started[0] < 0.8
    assert started[-1] > 1.1


def test_news_of_a_part_follow_its_own_volatility_alone() -> None:
    # The curve is relative and the size of news is not: a part whose variance is as on the day has the news it had,
    # though others are at their least and cannot make room.
    start = market(volatility_curve=(4.0, 1.0, 0.05, 0.05, 0.05, 0.85))
    recorded, seen = day(market(volatility_curve=(5.0, 0.6, 0.1, 0.1, 0.1, 0.1)), 3), [day(start, 4)]
    wanted, found = (shown(one)["volatility_curve"] for one in (recorded, seen[0]))
    moved = towards_curves(start, recorded, seen)
    before = start.news * np.array(start.flow.volatility_curve)
    after = moved.news * np.array(moved.flow.volatility_curve)
    steps = (wanted / found) ** 0.15
    free = np.array(moved.flow.volatility_curve) > 0.06
    assert free.sum() >= 3
    np.testing.assert_allclose((after / before)[free], steps[free], rtol=0.01)
    assert np.abs(np.log(steps[free])).max() > 0.05


def test_a_block_in_which_nothing_was_seen_leaves_its_curve_where_it_was() -> None:
    recorded = day(market(), 1)
    recorded.day.clock["known"][600:900] = 0
    assert np.isfinite(shown(recorded)["posting_curve"]).all()
    assert towards_curves(market(), recorded, [recorded]).flow.posting_curve == 6 * (1.0,)


def test_sizes_keep_their_mean_and_most_of_their_scatter() -> None:
    rng = np.random.default_rng(8)
    lots = np.minimum(np.round(np.exp(rng.normal(2.0, 1.2, 200_000))).astype(int) + 1, 60_000)
    counts = np.bincount(lots, minlength=1 << 16).astype(float)
    sizes, weights = sizes_of(counts)
    assert len(sizes) <= SIZES
    assert list(sizes) == sorted(set(sizes))
    assert sum(weights) == pytest.approx(1.0)
    mean = float(np.dot(sizes, weights))
    scatter = float(np.dot((np.array(sizes) - mean) ** 2, weights)) ** 0.5
    assert mean == pytest.approx(lots.mean(), rel=0.01)
    assert 0.85 * lots.std() < scatter < 1.01 * lots.std()  # what scatters within a part is lost
    few = np.zeros(1 << 16)
    few[[3, 7]] = 10, 30
    assert sizes_of(few) == ((3, 7), (0.25, 0.75))


def test_of_a_feed_of_one_level_most_is_seen() -> None:
    plain = market()
    near = dataclasses.replace(plain, queues=seen_at_best(plain.queues, 6.0))
    shares = []
    for given in (plain, near):
        settings = PassSettings(OPEN, END, blocks=6, levels=1)
        rows = np.concatenate(list(chunks(open_session(given, 4, OPEN, END))))
        messages = int(np.isin(rows["action"], [ord(c) for c in "ACE"]).sum())
        shares.append(sums_of([rows], settings).count(at.EVENTS) / messages)
    assert shares[1] > 0.5 > 0.3 > shares[0]


def test_quotes_that_come_back_are_seen_in_what_follows_a_cancel() -> None:
    given = market()
    found = []
    for share in (0.0, 0.3, 0.6):
        queues = dataclasses.replace(given.queues, comeback=share)
        found.append(comeback_of(day(dataclasses.replace(given, queues=queues, lean=0.0), 3)))
    assert found[0] < found[1] < found[2]
    assert found[2] == pytest.approx(0.6, abs=0.2)
