"""What single orders of a day say of a law: where in its queue a cancel comes, and how large market orders are."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from make_days import OPEN
from scipy import stats

from tickwright.calibrate import layout as at
from tickwright.calibrate.day import PassSettings, sums_of
from tickwright.calibrate.day_curves import followed, size_curve_of, towards_curves
from tickwright.calibrate.day_parts import lengths_of, parts_of
from tickwright.calibrate.facts import DayFacts, facts_of
from tickwright.calibrate.flow_fit import DECAY_BOUNDS, asked_of, cancel_decay_of
from tickwright.calibrate.moments import moments_of
from tickwright.calibrate.refine import sizes_towards
from tickwright.core.events import Flag
from tickwright.core.units import SECOND
from tickwright.venue.sim.reactive.layout import DEPTH
from tickwright.venue.sim.reactive.parameters import FP, Flow
from tickwright.venue.sim.reactive.session import chunks, open_session

END = OPEN + 1800 * SECOND
STEADY = Flow(
    sizes=(10,), weights=(1.0,), messages_a_second=20.0, activity_sd=0.0, volume_curve=(1.0,), volatility_curve=(1.0,)
)  # fmt: skip


def rows_of(seed: int, reach: int = DEPTH, **changes: object) -> np.ndarray:
    flow = dataclasses.replace(STEADY, **changes)  # type: ignore[arg-type]
    given = dataclasses.replace(
        FP.plain(), flow=flow, informed=0.0, reach=reach
    )  # nobody sweeps: a size is from the table
    return np.concatenate(list(chunks(open_session(given, seed, OPEN, END))))


def facts(rows: np.ndarray, blocks: int = 6) -> DayFacts:
    return facts_of(sums_of([rows], PassSettings(OPEN, END, blocks=blocks, levels=3)))


def places_by_hand(rows: np.ndarray, levels: int) -> np.ndarray:
    """The places of cancels on the best `levels` prices of their side, from lists of orders."""
    queues: dict[str, dict[int, list[int]]] = {"B": {}, "A": {}}
    left: dict[int, int] = {}
    places = np.zeros((at.QUEUED + 1, at.QUEUED))
    for row in rows:
        action, side, price, order = chr(row["action"]), chr(row["side"]), int(row["price"]), int(row["order_id"])
        book = queues[side]
        if action == "A":
            book.setdefault(price, []).append(order)
            left[order] = int(row["size"])
            continue
        if action not in "CE":
            continue
        left[order] -= int(row["size"])
        if left[order] > 0:
            continue
        queue = book[price]
        near = sorted(book, reverse=side == "B")[:levels]
        counts = row["ts_event"] >= OPEN and not row["flags"] & 96 and len(queue) <= at.QUEUED
        if action == "C" and price in near and counts:
            places[len(queue), queue.index(order)] += 1
        queue.remove(order)
        if not queue:
            del book[price]
    return places


@pytest.mark.parametrize("decay", [-1.0, 0.0, 1.0, 1.7])
def test_where_a_cancel_comes_in_its_queue_is_read_off_a_day(decay: float) -> None:
    rows = rows_of(5, cancel_decay=decay)
    seen = facts(rows).day.sums["cancel_places"]
    np.testing.assert_array_equal(seen, places_by_hand(rows, 3))
    assert seen[2:].sum() > 3_000
    assert cancel_decay_of(seen) == pytest.approx(decay, abs=0.12)


@pytest.mark.parametrize("decay", [-0.5, 1.0, 1.6])
def test_places_follow_their_law(decay: float) -> None:
    # Of n orders the j-th from the tail is taken in proportion to the integral of x^-decay from j to j + 1, here by
    # quadrature.
    seen = facts(rows_of(6, cancel_decay=decay)).day.sums["cancel_places"]
    fine = (np.arange(1_000) + 0.5) / 1_000
    for n in (2, 3, 5):
        counts = seen[n, :n]
        law = np.array([((j + fine) ** -decay).mean() for j in range(n, 0, -1)])
        law /= law.sum()
        error = np.sqrt(law * (1 - law) / counts.sum())
        assert counts.sum() > 200
        assert (np.abs(counts / counts.sum() - law) < 4 * error).all()


def test_a_day_of_few_cancels_says_nothing_of_their_places() -> None:
    places = np.zeros((at.QUEUED + 1, at.QUEUED))
    places[1, 0] = 10_000  # who is alone stands at the head and at the tail
    assert cancel_decay_of(places) == 0.0
    places[2, 1] = 99
    assert cancel_decay_of(places) == 0.0
    places[2, 1] = 1_000
    assert cancel_decay_of(places) == DECAY_BOUNDS[1]


def test_sizes_of_market_orders_over_the_day_come_back() -> None:
    wanted = np.array([2.0, 1.5, 1.0, 0.6, 0.6, 1.2])
    recorded = facts(rows_of(7, size_curve=tuple(wanted)))
    np.testing.assert_allclose(size_curve_of(recorded), wanted / wanted.mean(), rtol=0.05)
    np.testing.assert_allclose(size_curve_of(facts(rows_of(7))), 1.0, rtol=0.02)


def test_more_market_orders_come_where_there_were_more_and_not_where_they_were_larger() -> None:
    recorded = facts(rows_of(8, size_curve=(3.0, 0.5)), 2)
    shares = followed(parts_of([recorded], (1, 1)))["trading_curve"]
    np.testing.assert_allclose(shares, 1.0, atol=0.2)  # a thinner queue is hit a little more often
    lots = recorded["volume-curve"].value()[0]
    assert lots[0] / lots[1] > 4.0
    parts = lengths_of(recorded)
    sizes = (*((3.0,) * (len(parts) - 1)), 0.5)  # of all parts of the first half, and of the second
    given = dataclasses.replace(FP.plain(), flow=dataclasses.replace(STEADY, size_curve=sizes, day_parts=parts))
    moved = towards_curves(given, recorded, [recorded]).flow
    assert moved.size_curve == sizes
    np.testing.assert_allclose(moved.trading_curve, 1.0, atol=1e-3)


@pytest.fixture(scope="module")
def uneven() -> DayFacts:
    """Large market orders in a quiet hour, small ones in a busy one."""
    return facts(rows_of(5, volume_curve=(0.2, 1.8), size_curve=(3.0, 0.5)), blocks=2)


def test_sizes_that_are_the_days_stay_where_they_are(uneven: DayFacts) -> None:
    curve = size_curve_of(uneven)
    flow = dataclasses.replace(STEADY, size_curve=curve, day_parts=lengths_of(uneven))
    assert sizes_towards(flow, uneven, moments_of(uneven)) == pytest.approx(curve, rel=1e-3)
    halved = dataclasses.replace(flow, size_curve=tuple(0.5 * scale for scale in curve))
    found = dataclasses.replace(moments_of(uneven), lots=moments_of(uneven).lots / 1.2)
    assert sizes_towards(flow, uneven, found) == pytest.approx(curve, rel=1e-3)  # never above the day's
    assert np.mean(sizes_towards(halved, uneven, found)) > np.mean(halved.size_curve)


# -- what market orders ask for ----------------------------------------------------------------------------------------

ASKED = {5: 0.2, 10: 0.5, 20: 0.1, 60: 0.2}


def asked_by_hand(rows: np.ndarray) -> np.ndarray:
    """Market orders by lots, which left some at their last price or took all; from a dict of prices."""
    counts = np.zeros((2, at.SIZES))
    book: dict[tuple[str, int], int] = {}
    under_way: list[int] = []  # its lots
    last = ("", 0)
    for row in rows:
        action, key, lots = chr(row["action"]), (chr(row["side"]), int(row["price"])), int(row["size"])
        book[key] = book.get(key, 0) + (lots if action == "A" else -lots)
        if action == "E":
            under_way.append(lots)
            last = key
        if under_way and row["flags"] & int(Flag.LAST):
            counts[1 if book[last] == 0 else 0, sum(under_way)] += 1
            under_way = []
    return counts


def test_market_orders_are_counted_by_whether_they_took_all_that_stood_there() -> None:
    rows = rows_of(9, 0, market_sizes=tuple(ASKED), market_weights=tuple(ASKED.values()))
    seen = facts(rows).day.sums["asked"]
    np.testing.assert_array_equal(seen, asked_by_hand(rows))
    assert seen[0].sum() > 200
    assert seen[1].sum() > 200


def test_what_market_orders_asked_for_comes_back_though_most_found_less() -> None:
    rows = rows_of(10, 0, market_sizes=tuple(ASKED), market_weights=tuple(ASKED.values()))
    seen = facts(rows).day.sums["asked"]
    found = asked_of(seen)
    assert found[[*ASKED]] == pytest.approx([*ASKED.values()], abs=0.04)
    assert seen[0, 60] < 0.1 * seen.sum()  # most of the large ones are told by those that took all there was


def test_what_is_asked_for_is_the_product_limit_estimate() -> None:
    # Oracle: scipy's Kaplan-Meier curve, told that who took all k wanted k or more: more than any below.
    rng = np.random.default_rng(3)
    counts = np.zeros((2, 60))
    for asked, there in zip(rng.geometric(0.1, 800), rng.integers(1, 50, 800), strict=True):
        counts[int(asked >= there), min(asked, there, 59)] += 1
    stopped, cut = (np.repeat(np.arange(60), row.astype(int)) for row in counts)
    curve = stats.ecdf(stats.CensoredData(uncensored=stopped, right=cut - 0.5)).sf
    ours = 1.0 - np.cumsum(asked_of(counts))
    last = int(np.flatnonzero(counts.sum(0))[-1])
    np.testing.assert_allclose(ours[:last], curve.evaluate(np.arange(last)), atol=1e-12)
    assert asked_of(counts).sum() == pytest.approx(1.0)


def test_a_day_whose_market_orders_took_all_wanted_as_much_as_the_largest() -> None:
    counts = np.zeros((2, 30))
    counts[1, [3, 20]] = 5.0
    assert np.flatnonzero(asked_of(counts)).tolist() == [20]
