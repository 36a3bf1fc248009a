"""Facts of made days whose law is known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from even_market import day, santa_fe
from make_days import OPEN

from tickwright.calibrate import layout as at
from tickwright.calibrate.day import PassSettings, sums_of
from tickwright.calibrate.facts import DayFacts, facts_of
from tickwright.core.errors import BookError, ConfigError
from tickwright.core.events import MARKET_EVENT, Action, Flag, Side
from tickwright.core.units import MILLISECOND, SECOND

DEEP = 10**9


def measured(events: np.ndarray, seconds: float, levels: int = 10) -> DayFacts:
    settings = PassSettings(OPEN, OPEN + int(seconds * SECOND), levels=levels, blocks=10)
    return facts_of(sums_of([events], settings))


def row(ts: int, action: Action, number: int, side: Side, price: int, size: int) -> tuple[int, ...]:
    return (ts, ts, number, price, size, 0, 1, 1, 0, int(action), int(side), int(Flag.LAST))


def rows(items: list[tuple[int, ...]]) -> np.ndarray:
    names = [n for n in MARKET_EVENT.names or () if n != "_pad"]
    out = np.zeros(len(items), MARKET_EVENT)
    for name, column in zip(names, zip(*items, strict=True), strict=True):
        out[name] = column
    return out


def traded_with(signs: np.ndarray) -> np.ndarray:
    """A book of one huge order a side, a lot taken each millisecond from the side that the sign names."""
    out = [row(OPEN, Action.ADD, 1, Side.BID, 100, DEEP), row(OPEN, Action.ADD, 2, Side.ASK, 101, DEEP)]
    for i, sign in enumerate(signs):
        side, number, price = (Side.ASK, 2, 101) if sign > 0 else (Side.BID, 1, 100)
        out.append(row(OPEN + (i + 1) * MILLISECOND, Action.EXECUTE, number, side, price, 1))
    return rows(out)


def test_signs_of_one_hidden_order_at_a_time_have_the_memory_of_lillo_mike_farmer() -> None:
    # One metaorder at a time of length L: corr(l) = E(L - l; L > l) / E(L), about l^-(alpha-1) with Pareto alpha.
    rng, alpha, cap = np.random.default_rng(1), 1.5, 3000
    lengths = np.minimum(np.ceil(rng.uniform(size=60_000) ** (-1 / alpha)), cap).astype(int)
    signs = np.repeat(rng.choice([-1, 1], lengths.size), lengths)[:150_000]
    facts = measured(traded_with(signs), 151)
    found, known = facts["sign-memory"].value()
    grid = np.arange(1, cap + 1)
    survival = np.maximum(grid - 1.0, 1.0) ** -alpha  # P(L >= l) = P(U^(-1/alpha) > l - 1), since L is rounded up
    for i, lag in enumerate(at.LAGS[:12]):
        assert known[i]
        expected = survival[lag:].sum() / survival.sum()
        assert found[i] == pytest.approx(expected, abs=0.06), lag
    slope = np.polyfit(np.log(at.LAGS[3:12]), np.log(found[3:12]), 1)[0]
    assert slope == pytest.approx(-(alpha - 1), abs=0.2)


def test_fair_signs_have_none() -> None:
    signs = np.random.default_rng(2).choice([-1, 1], 40_000)
    found, _ = measured(traded_with(signs), 41)["sign-memory"].value()
    assert np.abs(found).max() < 5 / np.sqrt(39_000)


def walking_book(steps: np.ndarray) -> np.ndarray:
    """Both quotes move one tick a step, and a lot is bought between the steps: the mid is a random walk."""
    out = [row(OPEN, Action.ADD, 1, Side.BID, 10_000, 100), row(OPEN, Action.ADD, 2, Side.ASK, 10_002, 100)]
    number, bid = 2, 10_000
    for i, step in enumerate(steps):
        ts = OPEN + (i + 1) * 10 * MILLISECOND
        old_bid, old_ask = number - 1, number
        moves = [(Side.BID, old_bid, bid, 100), (Side.ASK, old_ask, bid + 2, 100)]
        bid += int(step)
        fresh = [(Side.BID, number + 1, bid, 100), (Side.ASK, number + 2, bid + 2, 101)]
        number += 2
        order = [1, 0] if step > 0 else [0, 1]  # the side that is run into leaves first
        out += [row(ts, Action.CANCEL, n, side, price, size) for side, n, price, size in (moves[k] for k in order)]
        out += [row(ts, Action.ADD, n, side, price, size) for side, n, price, size in (fresh[k] for k in order)]
        out.append(row(ts + MILLISECOND, Action.EXECUTE, number, Side.ASK, bid + 2, 1))
    return rows(out)


def test_a_random_walk_has_signature_one_and_the_kurtosis_of_a_binomial() -> None:
    # Steps of one tick up or down: D(l) is the same at every lag, and the kurtosis over l steps is 3 - 2/l.
    steps = np.random.default_rng(3).choice([-1, 1], 60_000)
    facts = measured(walking_book(steps), 601)
    signature, _ = facts["signature-trades"].value()
    # Overlapping windows: the relative error of D(l) is about sqrt(4 l / 3 n).
    error = 5 * np.sqrt(4 * at.LAGS / (3 * steps.size))
    reference = error[list(at.LAGS).index(100)]
    assert np.all(np.abs(signature - 1) < error + reference)
    fourth, _ = facts["kurtosis-trades"].value()
    for i, lag in enumerate(at.LAGS[:6]):
        assert fourth[i] == pytest.approx(3 - 2 / lag, abs=0.12)
    clock, known = facts["signature-clock"].value()
    assert known[0]
    assert abs(clock[0] - 1) < 0.7


def test_market_orders_of_santa_fe_come_after_exponential_times() -> None:
    params = santa_fe(market_rate=1.0)
    seconds = 3600
    events = day(params, 5, OPEN, OPEN + seconds * SECOND)
    facts = measured(events, seconds)
    found, _ = facts["gaps-market"].value()
    edges = np.power(10.0, np.arange(at.GAPS + 1) / at.PER_DECADE + at.GAP_DECADES[0])
    law = np.diff(1 - np.exp(-2 * params.market_rate * edges))
    n = facts.day.count(at.MARKET_ORDERS)
    assert n == pytest.approx(2 * seconds, abs=4 * np.sqrt(2 * seconds))
    assert np.all(np.abs(found - law) < 5 * np.sqrt(np.maximum(law, 1 / n) / n))


def test_executions_of_one_time_and_side_are_one_market_order() -> None:
    t = OPEN + SECOND
    events = rows(
        [
            row(OPEN, Action.ADD, 1, Side.BID, 100, 10),
            row(OPEN, Action.ADD, 2, Side.ASK, 102, 5),
            row(OPEN, Action.ADD, 3, Side.ASK, 102, 5),
            row(OPEN, Action.ADD, 4, Side.ASK, 105, 5),
            row(t, Action.EXECUTE, 2, Side.ASK, 102, 5),
            row(t, Action.EXECUTE, 3, Side.ASK, 102, 5),
            row(t, Action.EXECUTE, 4, Side.ASK, 105, 1),
            row(t + SECOND, Action.EXECUTE, 1, Side.BID, 100, 1),
            row(t + SECOND, Action.EXECUTE, 4, Side.ASK, 105, 1),  # the other side: another market order
            row(t + 2 * SECOND, Action.EXECUTE, 4, Side.ASK, 105, 1),
        ]
    )
    day = measured(events, 60).day
    assert day.count(at.MARKET_ORDERS) == 4
    assert day.count(at.TRADED_LOTS) == 14
    assert day.sums["spread_events"].sum(0)[:5].tolist() == [0, 3, 0, 0, 3]
    markout = measured(events, 60)["markouts"].value()[0]
    # Half-spreads at once, by lots: 10 lots earn 1 and one earns 4 of 1; then at 5 ticks three lots earn 2.5 of 2.5.
    assert markout[0] == pytest.approx((10 * 1 + 1 * 4 + 3 * 2.5) / (11 * 1 + 3 * 2.5))


def test_a_crossed_book_is_measured_by_nothing_but_the_counts() -> None:
    t = OPEN + SECOND
    events = rows(
        [
            row(OPEN, Action.ADD, 1, Side.BID, 100, 10),
            row(OPEN, Action.ADD, 2, Side.ASK, 102, 5),
            row(t, Action.EXECUTE, 2, Side.ASK, 102, 1),
            row(t + SECOND, Action.ADD, 3, Side.BID, 103, 7),
            row(t + 2 * SECOND, Action.EXECUTE, 3, Side.BID, 103, 7),
            row(t + 3 * SECOND, Action.EXECUTE, 2, Side.ASK, 102, 1),
        ]
    )
    facts = measured(events, 60)
    assert facts.day.count(at.UNPLACED) == 1
    assert facts.day.count(at.MARKET_ORDERS) == 2
    assert facts.day.seconds == pytest.approx(59)
    assert any("crossed" in note for note in facts.notes)


def test_a_day_without_a_market_order_is_refused() -> None:
    events = rows([row(OPEN, Action.ADD, 1, Side.BID, 100, 10)])
    with pytest.raises(BookError, match="no market order"):
        measured(events, 60)
    with pytest.raises(BookError, match="no market order"):
        sums_of([], PassSettings(OPEN, OPEN + 60 * SECOND))


@pytest.mark.parametrize(
    ("change", "name"),
    [({"levels": 0}, "levels"), ({"levels": 11}, "levels"), ({"blocks": 1}, "blocks"), ({"step": 0}, "step"),
     ({"end": OPEN + SECOND}, "end"), ({"end": OPEN}, "end"), ({"step": 1}, "step")],
)  # fmt: skip
def test_a_stretch_that_cannot_be_cut_is_refused(change: dict[str, int], name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        PassSettings(**{"begin": OPEN, "end": OPEN + 3600 * SECOND, **change})
