"""Time and events of every queue in every state: against a plain-Python twin, and against rates that are known."""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict

import numpy as np
import pytest
from make_days import OPEN, dressed, small_day

from tickwright.calibrate.queue_states import SUMS, QueueStates, pooled, states_of
from tickwright.calibrate.queue_tables import STEP, tables_of, towards
from tickwright.core.errors import ConfigError
from tickwright.core.events import Flag, Side
from tickwright.core.units import SECOND
from tickwright.venue.sim.reactive.layout import DEPTH, VOLUMES
from tickwright.venue.sim.reactive.parameters import Flow, QueueReactive, Queues
from tickwright.venue.sim.reactive.session import generate_session

SECONDS = 300


class Twin:
    """Dictionaries for a book; everything is read anew for every row."""

    def __init__(self, tick: int, typical: float, levels: int) -> None:
        self.tick, self.typical, self.levels = tick, typical, levels
        self.orders: dict[int, list[int]] = {}  # side letter, price, lots, announced
        self.reference2 = 0
        self.sums: dict[str, dict[tuple[int, ...], float]] = defaultdict(lambda: defaultdict(float))

    def side(self, letter: int) -> list[tuple[int, int]]:
        total: dict[int, int] = defaultdict(int)
        for of, price, lots, _ in self.orders.values():
            if of == letter:
                total[price] += lots
        return sorted(total.items(), reverse=letter == int(Side.BID))[: self.levels]

    def look(self) -> dict[int, dict[str, object]] | None:
        bids, asks = self.side(int(Side.BID)), self.side(int(Side.ASK))
        if not bids or not asks or asks[0][0] <= bids[0][0]:
            return None
        mid2 = bids[0][0] + asks[0][0]
        if self.tick == 1 and mid2 % 2 == 0:
            self.reference2 = mid2 + 1 if self.reference2 > mid2 else mid2 - 1
        else:
            self.reference2 = mid2
        found: dict[int, dict[str, object]] = {}
        for letter, shown in ((int(Side.BID), bids), (int(Side.ASK), asks)):
            lots: dict[int, int] = defaultdict(int)
            for price, size in shown:
                lots[self.queue(letter, price)] += size
            whole = min(DEPTH, self.queue(letter, shown[-1][0])) if len(shown) == self.levels else DEPTH
            volume = [min(math.ceil(lots[i] / self.typical), VOLUMES - 1) for i in range(DEPTH)]
            best = volume[min(self.queue(letter, shown[0][0]), DEPTH - 1)]
            found[letter] = {"whole": whole, "volume": volume, "best": best}
        return found

    def queue(self, letter: int, price: int) -> int:
        away = self.reference2 - 2 * price if letter == int(Side.BID) else 2 * price - self.reference2
        return math.floor(away / (2 * self.tick))

    def run(self, events: np.ndarray, begin: int, end: int) -> None:
        view, now, traded = None, begin, (-1, 0)
        for row in events:
            ts, action, flags = int(row["ts_event"]), chr(row["action"]), int(row["flags"])
            if ts >= end:
                break
            if ts > now:
                self.weigh(view, (ts - now) / 1e9)
                now = ts
            number, price, size, letter = (int(row[k]) for k in ("order_id", "price", "size", "side"))
            order = self.orders.get(number)
            if order is not None:
                letter = order[0]
            real = not flags & (Flag.SYNTHETIC | Flag.SNAPSHOT) and ts >= begin and view is not None
            announced = order is not None and order[3] > 0
            if real and action in "FE" and order is not None:
                if (ts, letter) != traded:
                    self.sums["market"][(view[letter]["best"],)] += 1  # type: ignore[index]
                traded = (ts, letter)
            elif real and (action == "A" or (action == "C" and not announced)):
                i = self.queue(letter, price if action == "A" else order[1])  # type: ignore[index]
                if 0 <= i < view[letter]["whole"]:  # type: ignore[index]
                    place = (i, view[letter]["volume"][i])  # type: ignore[index]
                    if action == "A":
                        self.sums["limit"][place] += 1
                    else:
                        whole = order[2] <= size  # type: ignore[index]
                        self.sums["cancel"][place] += 1 if whole else min(1.0, size / self.typical)
            if action == "A":
                self.orders[number] = [letter, price, size, 0]
            elif action == "F" and order is not None:
                order[3] += size
            elif action in "CE" and order is not None:
                order[2] -= size
                if action == "C":
                    order[3] = max(0, order[3] - size)
                if order[2] <= 0:
                    del self.orders[number]
            elif action == "R":
                self.orders.clear()
            if action in "ACER":
                view = self.look()
        self.weigh(view, (end - now) / 1e9)

    def weigh(self, view: dict[int, dict[str, object]] | None, seconds: float) -> None:
        for one in (view or {}).values():
            for i in range(one["whole"]):  # type: ignore[call-overload]
                self.sums["seconds"][(i, one["volume"][i])] += seconds  # type: ignore[index]
            self.sums["best_seconds"][(one["best"],)] += seconds  # type: ignore[index]


@pytest.mark.parametrize("how", ["plain", "dressed", "coarse", "few levels, late"])
def test_states_are_those_of_the_twin(how: str) -> None:
    # Every sum of the compiled pass equals that of a book of dictionaries read anew after each row.
    events = small_day(3, SECONDS)
    begin, end, tick, levels = OPEN, OPEN + SECONDS * SECOND, 1, 64
    if how != "plain":
        events = dressed(events, 4)
    if how == "coarse":
        tick = 3
    if how == "few levels, late":
        begin, levels = OPEN + 41 * SECOND + 7, 4
    found = states_of(np.array_split(events, 3), begin, end, tick=tick, typical=90.0, levels=levels)
    twin = Twin(tick, 90.0, levels)
    twin.run(events, begin, end)
    for name, places in twin.sums.items():
        expected = np.zeros_like(getattr(found, name))
        for place, value in places.items():
            expected[place] = value
        np.testing.assert_allclose(getattr(found, name), expected, rtol=1e-9, atol=1e-9, err_msg=name)
    assert found.market.sum() > 20
    assert found.limit.sum() > 100


@pytest.fixture(scope="module")
def known() -> tuple[Queues, QueueStates]:
    given = QueueReactive(
        flow=Flow(
            sizes=(1,), weights=(1.0,), volume_curve=(1.0,), volatility_curve=(1.0,), activity_sd=0.0, activity_news=0.0
        ),
        queues=Queues.of_law(
            limit=((1.6, 40.0, 0.2), (1.1, 15.0, 0.25), (1.1, 15.0, 0.25)), cancel=(0.16, 0.1, 0.08), power=0.85,
            market=(0.9, 12.0, 0.05), theta=1.0, reinit=0.0,
        ),
    )  # fmt: skip
    end = OPEN + 4 * 3600 * SECOND
    events, labels = generate_session(given, 3, OPEN, end)
    states = states_of([events], OPEN, end, tick=1, typical=1.0, levels=64)
    assert states.market.sum() == pytest.approx(labels["market_orders"], rel=0.01)
    return given.queues, states


def test_rates_of_a_known_book_come_back(known: tuple[Queues, QueueStates]) -> None:
    # Poisson: n events give a relative error of 1/sqrt(n). The tempo turns model time into seconds, one factor for all.
    queues, states = known
    found = tables_of(states, 1.0, deepest=3)
    assert len(found.limit) == 3
    factor = found.market[6] / queues.market[6]
    for name, counted in (("market", states.market[None]), ("limit", states.limit[:2]), ("cancel", states.cancel[:2])):
        expected = np.atleast_2d(np.array(getattr(queues, name)))[: len(counted)] * factor
        got = np.atleast_2d(np.array(getattr(found, name)))[: len(counted)]
        often = counted > 300
        assert often.sum() > 8
        error = np.abs(got / np.where(expected > 0, expected, 1) - 1)[often]
        assert error.max() < 0.25, (name, error)
        assert error.mean() < 0.06, (name, error)


def test_tables_that_show_the_day_stay(known: tuple[Queues, QueueStates]) -> None:
    queues, states = known
    assert towards(queues, states, pooled([states])) == queues
    assert towards(queues, states, pooled([states, states])) == queues


def test_a_pace_and_a_number_of_market_orders_are_no_matter_of_the_tables(known: tuple[Queues, QueueStates]) -> None:
    # Twice the events in the same time: the clock's. Half the market orders besides: their share's, a moment.
    queues, states = known
    faster = dataclasses.replace(
        states, limit=2.0 * states.limit, cancel=2.0 * states.cancel, market=0.5 * states.market
    )
    found = towards(queues, states, faster)
    for name in ("limit", "cancel", "market"):
        before, after = (np.atleast_2d(np.array(getattr(one, name))) for one in (queues, found))
        often = (
            np.atleast_2d(getattr(states, name))[: len(before)] > 300
        )  # where the day says little it leans on nothing
        np.testing.assert_allclose(after[often], before[often], rtol=0.05)


@pytest.mark.parametrize(("name", "row"), [("limit", 0), ("limit", 2), ("cancel", 1)])
def test_a_step_is_part_of_the_way_and_less_where_little_was_seen(
    known: tuple[Queues, QueueStates], name: str, row: int
) -> None:
    # Of one queue twice the recorded n events are simulated, N of N' events in all: the factor is
    # ((n + 8) / (2 n N / N' + 8))^STEP, 2/3 at least, in the middle of a part of the volumes.
    queues, states = known
    counts = getattr(states, name).copy()
    counts[row] *= 2.0
    found = towards(queues, states, dataclasses.replace(states, **{name: counts}))
    assert found.market == queues.market
    total = sum(float(getattr(states, one)[:3, 1:].sum()) for one in ("limit", "cancel"))
    seen = getattr(states, name)[row]
    pace = total / (total + float(seen[1:].sum()))
    before, after = (np.array(getattr(one, name)[row]) for one in (queues, found))
    assert after[0] == before[0]
    few = 0
    for volume, events in ((1, seen[1]), (np.sqrt(8 * 12), seen[8:12].sum()), (55, seen[28:].sum())):
        expected = max(((events + 8.0) / (2.0 * events * pace + 8.0)) ** STEP, 2 / 3)
        got = np.interp(np.log(volume), np.log(np.arange(1, 64)), (after / np.where(before > 0, before, 1.0))[1:])
        assert got == pytest.approx(expected, abs=0.02)
        few += events < 20
    assert few
    others = [i for i in range(3) if i != row]
    other = "cancel" if name == "limit" else "limit"
    for rows, one in ((others, name), (range(3), other)):
        for i in rows:
            factors = np.array(getattr(found, one)[i][1:]) / np.array(getattr(queues, one)[i][1:])
            assert factors.min() >= 1.0 - 1e-6
            assert factors.max() <= (1.0 / pace) ** STEP + 1e-6


def test_what_neither_saw_leaves_a_table_and_a_full_queue_does_not_grow(known: tuple[Queues, QueueStates]) -> None:
    queues, states = known
    nothing = dataclasses.replace(states, **{name: np.zeros_like(getattr(states, name)) for name in SUMS})
    assert towards(queues, states, nothing) == queues
    assert towards(queues, nothing, states) == queues
    short = Queues(((1.0, 0.9), (1.0, 0.9)), ((0.0, 0.91), (0.0, 1.0)), (0.0, 0.5))
    fewer = dataclasses.replace(states, cancel=3.0 * states.cancel)
    found = towards(short, states, fewer)
    assert {len(row) for row in (*found.limit, *found.cancel, found.market)} == {VOLUMES}
    for arriving, leaving in zip(found.limit, found.cancel, strict=True):
        assert arriving[-1] < leaving[-1]


def test_what_a_market_has_besides_its_tables_is_taken_out_of_them() -> None:
    """A table that is read off a day of two halves, with few limit orders and with many, has more of them at long
    queues; the steps take it out again: the truth's own table is the oracle."""
    flow = Flow(
        sizes=(1,), weights=(1.0,), volume_curve=(1.0,), volatility_curve=(1.0,), activity_sd=0.0, activity_news=0.0,
        posting_curve=(0.6, 1.4), day_seconds=4 * 3600.0,
    )  # fmt: skip
    queues = Queues.of_law(
        limit=((1.6, 12.0, 0.1), (1.1, 10.0, 0.1), (1.1, 10.0, 0.1)), cancel=(0.16, 0.1, 0.08), power=0.85,
        market=(0.9, 12.0, 0.05), theta=1.0, reinit=0.0,
    )  # fmt: skip
    end = OPEN + 4 * 3600 * SECOND

    def shown(given: Queues, seed: int) -> QueueStates:
        events, _ = generate_session(QueueReactive(flow=flow, queues=given), seed, OPEN, end)
        return states_of([events], OPEN, end, tick=1, typical=1.0, levels=64)

    def apart(given: Queues, often: np.ndarray) -> float:
        logs = np.log(np.array(given.limit[0])[often] / np.array(queues.limit[0])[often])
        return float(np.abs(logs - logs.mean()).mean())

    def counted(given: Queues, wanted: QueueStates, seen: QueueStates) -> Queues:
        """What a fit does by moments: the share of market orders, and how soon an empty queue is filled."""

        def rates(states: QueueStates) -> np.ndarray:
            events = states.limit[0].sum() + states.cancel[0].sum()
            return np.array([states.market.sum(), states.limit[0, 0] / states.seconds[0, 0]]) / events

        market, empty = np.sqrt(rates(wanted) / rates(seen))
        limit = ((given.limit[0][0] * empty, *given.limit[0][1:]), *given.limit[1:])
        return dataclasses.replace(given, limit=limit, market=tuple(market * np.array(given.market)))

    day = shown(queues, 5)
    often = np.flatnonzero(day.limit[0] > 500)[1:]
    found = tables_of(day, 1.0, deepest=3)
    first = apart(found, often)
    for k in range(12):
        seen = pooled([shown(found, 10 + 2 * k), shown(found, 11 + 2 * k)])
        found = counted(towards(found, day, seen), day, seen)
    assert first > 0.15
    assert apart(found, often) < first / 3


def test_a_day_that_shows_no_queue_is_refused(known: tuple[Queues, QueueStates]) -> None:
    _, states = known
    nothing = QueueStates(1, 1.0, *(np.zeros_like(a) for a in (states.seconds, states.limit, states.cancel)),
                          np.zeros_like(states.best_seconds), np.zeros_like(states.market))  # fmt: skip
    with pytest.raises(ConfigError, match="queues"):
        tables_of(nothing, 1.0)
    for wrong in ({"tick": 0}, {"typical": 0.0}, {"levels": 65}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            states_of([], 0, 1, **{"tick": 1, "typical": 1.0, "levels": 1, **wrong})  # type: ignore[arg-type]
