"""Every fact of the compiled pass against a plain-Python twin, on generated days."""

from __future__ import annotations

import numpy as np
import pytest
from facts_twin import LAGS, SECOND, Log, mid_at, watch
from make_days import OPEN, dressed, small_day

from tickwright.calibrate import layout as at
from tickwright.calibrate.day import PassSettings, sums_of
from tickwright.calibrate.facts import DayFacts, facts_of

SECONDS = 400


@pytest.fixture(scope="module", params=["plain", "dressed", "late, five levels", "a window of five levels"])
def days(request: pytest.FixtureRequest) -> tuple[DayFacts, Log, PassSettings]:
    events = small_day(3, SECONDS)
    begin, end, levels = OPEN, OPEN + SECONDS * SECOND, 10
    if request.param != "plain":
        events = dressed(events, 4)
    if request.param == "late, five levels":
        begin, end, levels = OPEN + 57 * SECOND + 123, OPEN + 371 * SECOND, 5
    windowed = request.param == "a window of five levels"
    levels = 5 if windowed else levels
    settings = PassSettings(begin, end, levels=levels, blocks=7, windowed=windowed)
    chunks = np.array_split(events, 5)
    return facts_of(sums_of(chunks, settings)), watch(events, begin, end, levels, windowed), settings


Days = tuple[DayFacts, Log, PassSettings]


def values(facts: DayFacts, name: str) -> np.ndarray:
    y, known = facts[name].value()
    return np.where(known, y, np.nan)


def close(found: np.ndarray, expected: np.ndarray | list[float]) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def valid(view: dict[str, list[tuple[int, int]]]) -> bool:
    return bool(view["B"] and view["A"] and view["A"][0][0] > view["B"][0][0])


def test_the_days_hold_what_is_tested(days: Days) -> None:
    _, log, _ = days
    assert {kind for kind, *_ in log.best} == {"MO0", "MO'", "LO0", "LO'", "CA0", "CA'"}
    assert len(log.trades) > 150
    assert len(log.best) > 600


def test_spreads_by_event_and_by_time(days: Days) -> None:
    facts, log, _ = days
    by_event = np.bincount(log.spreads, minlength=at.SPREADS + 1)[1:]
    close(values(facts, "spread-events"), by_event / by_event.sum())
    by_time = np.zeros(at.SPREADS)
    for begin, end, view in log.states:
        if valid(view):
            by_time[view["A"][0][0] - view["B"][0][0] - 1] += end - begin
    close(values(facts, "spread-time"), by_time / by_time.sum())


@pytest.mark.parametrize("kind", ["limit", "cancel", "market"])
def test_times_between_events(days: Days, kind: str) -> None:
    facts, log, _ = days
    gaps = np.diff(log.kinds[kind])
    edges = np.power(10.0, np.arange(at.GAPS + 1) / 5 - 7) * 1e9
    expected = np.histogram(np.clip(gaps, edges[0], edges[-1] * 0.999), edges)[0]
    close(values(facts, f"gaps-{kind}"), expected / expected.sum())


def test_pauses_between_any_two_events_and_runs_between_market_orders(days: Days) -> None:
    facts, log, _ = days
    times, kinds, sides = (np.array(column) for column in zip(*log.sequence, strict=True))
    pauses, after = np.diff(times), kinds[:-1] == "market"
    one_side = (kinds[1:] == "cancel") & (kinds[:-1] == "cancel") & (sides[1:] == sides[:-1])
    together = one_side & (pauses < 10_000)
    logs = np.log10(np.maximum(pauses[together], 100.0)) - 9
    company = [np.sum(kinds == "cancel"), one_side.sum(), together.sum(), logs.sum()]
    close(facts.day.sums["company"].sum(0), np.array(company, float))
    pauses, after = pauses[~together], after[~together]
    edges = np.power(10.0, np.arange(at.GAPS + 1) / 5 - 7) * 1e9
    for k, chosen in enumerate((~after, after)):
        expected = np.histogram(np.clip(pauses[chosen], edges[0], edges[-1] * 0.999), edges)[0]
        close(facts.day.sums["pauses"].sum(0)[k], expected.astype(float))
    held = ~after & (pauses >= 10**2.2)
    logs = np.log10(np.maximum(pauses, 1.0))
    for i, lag in enumerate(at.PAUSE_LAGS):
        both = held[lag:] & held[:-lag]
        x, y = logs[:-lag][both], logs[lag:][both]
        close(facts.day.sums["pause_pairs"].sum(0)[:, i], [x @ y, x.sum(), y.sum(), x @ x, y @ y, float(x.size)])
        assert values(facts, "bursts")[i] == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)
    runs = np.minimum(np.diff(np.flatnonzero(kinds == "market")), at.RUNS)
    close(facts.day.sums["runs"].sum(0), np.bincount(runs - 1, minlength=at.RUNS).astype(float))


def test_volumes_and_imbalances(days: Days) -> None:
    facts, log, settings = days
    volumes, time = np.zeros(settings.levels), 0
    shares: dict[int, np.ndarray] = {1: np.zeros(41), 5: np.zeros(41)}
    for begin, end, view in log.states:
        if not valid(view):
            continue
        time += end - begin
        for side in "BA":
            for k, (_, lots) in enumerate(view[side][: settings.levels]):
                volumes[k] += lots * (end - begin) / 2
        for n, histogram in shares.items():
            bid, ask = (sum(lots for _, lots in view[side][:n]) for side in "BA")
            histogram[int(np.floor(((bid - ask) / (bid + ask) + 1) * 20 + 0.5))] += end - begin
    close(values(facts, "volumes"), volumes / time)
    for n, histogram in shares.items():  # seen from both sides
        close(values(facts, f"imbalance-{n}"), (histogram + histogram[::-1]) / (2 * time))


def test_lifetimes_are_kaplan_meier(days: Days) -> None:
    facts, log, _ = days
    edges = np.power(10.0, np.arange(at.AGES + 1) / 5 - 6) * 1e9
    ages = [(end - order.birth, censored) for end, censored, order in log.orders if order.known]
    bins = np.array([min(at.AGES - 1, max(0, int(np.searchsorted(edges, age, side="right")) - 1)) for age, _ in ages])
    lost = np.array([censored for _, censored in ages])
    alive, expected = 1.0, []
    for k in range(at.AGES):
        at_risk = int((bins >= k).sum())
        alive *= 1 - int(((bins == k) & ~lost).sum()) / at_risk if at_risk else np.nan
        expected.append(alive)
    close(values(facts, "lifetime"), expected)


def variance_of(moves: np.ndarray, lag: int) -> float:
    """About the mean, with what a walk's own mean over these overlapping windows takes of it: a sum over its steps."""
    n = moves.size
    if n <= lag:
        return np.nan
    weights = np.convolve(np.full(n, 1 / n), np.ones(lag))  # of each step in the mean move
    return float(moves.var() / (1 - (weights**2).sum() / lag))


def test_signs_and_moves_in_trade_time(days: Days) -> None:
    facts, log, _ = days
    signs = np.array([t["sign"] for t in log.trades], float)
    mids = np.array([t["mid2"] for t in log.trades], float)
    spreads = np.array([t["spread"] for t in log.trades], float)
    memory, fourth, mean_square, after = [], [], [], []
    for lag in LAGS:
        if lag + 4 >= len(signs):
            break
        memory.append(np.corrcoef(signs[:-lag], signs[lag:])[0, 1])
        moves = mids[lag:] - mids[:-lag]
        centred = moves - moves.mean()
        fourth.append((centred**4).mean() / (centred**2).mean() ** 2)
        mean_square.append(variance_of(moves, lag) / lag)
        after.append((signs[:-lag] * centred).sum() / spreads[:-lag].sum())
    n = len(memory)
    assert n >= 12
    close(values(facts, "sign-memory")[:n], memory)
    np.testing.assert_allclose(values(facts, "kurtosis-trades")[:n], fourth, rtol=1e-6)
    close(values(facts, "signature-trades")[:n], np.array(mean_square) / mean_square[LAGS.index(100)])
    close(values(facts, "mid-response")[:n], after)


def test_the_six_responses(days: Days) -> None:
    facts, log, _ = days
    kinds = np.array([kind for kind, *_ in log.best])
    signs = np.array([sign for _, sign, *_ in log.best], float)
    mids = np.array([mid for _, _, mid, *_ in log.best], float) / 2
    for name in at.RESPONSES:
        found = values(facts, f"response-{name}")
        for i, lag in enumerate(LAGS):
            here = np.flatnonzero(kinds[:-lag] == name)
            if here.size:
                close(found[i], ((signs[here] - signs[here].mean()) * (mids[here + lag] - mids[here])).mean())
            else:
                assert np.isnan(found[i])


def test_recovery_after_sweeps(days: Days) -> None:
    facts, log, _ = days
    spreads = np.array([spread for _, _, _, spread, _ in log.best], float)
    for i, lag in enumerate(LAGS):
        here = [k for k, event in enumerate(log.best[:-lag]) if event[0] == "MO'"]
        if not here:
            continue
        sides = ["A" if log.best[k][1] > 0 else "B" for k in here]
        close(
            values(facts, "sweep-spread")[i],
            sum(spreads[k + lag] for k in here) / sum(spreads[k] for k in here),
        )
        later = sum(log.best[k + lag][4][side] for k, side in zip(here, sides, strict=True))
        close(
            values(facts, "sweep-depth")[i],
            later / sum(log.best[k][4][side] for k, side in zip(here, sides, strict=True)),
        )


def test_markouts_of_the_resting_side(days: Days) -> None:
    facts, log, settings = days
    expected = []
    for horizon in (0, 1, 10, 60):
        profit = scale = 0.0
        for trade in log.trades:
            then = trade["ts"] + horizon * SECOND
            mid = trade["mid2"] if horizon == 0 else mid_at(log, then)
            if mid is None or then >= settings.end:
                continue
            profit -= trade["sign"] * (mid * trade["lots"] - 2 * trade["cash"])
            scale += trade["spread"] * trade["lots"]
        expected.append(profit / scale)
    close(values(facts, "markouts"), expected)
    assert values(facts, "markouts")[0] >= 1  # who takes pays half the spread at least


def test_fills_by_queue_position(days: Days) -> None:
    facts, log, _ = days
    executed, resolved, orders, waits = np.zeros(24), np.zeros(24), np.zeros(24), [[] for _ in range(24)]
    for _, censored, order in log.orders:
        if order.known and order.ahead is not None and not censored:
            k = min(23, order.ahead.bit_length())
            executed[k] += order.executed
            resolved[k] += order.size
            orders[k] += 1
            if order.executed:
                waits[k].append((order.first_fill - order.birth) / 1e9)
    share = np.where(orders >= 30, executed / np.maximum(resolved, 1), np.nan)
    assert 0 < (orders >= 30).sum() < (orders > 0).sum()  # some places are known, and some have too few orders
    close(values(facts, "fill-share"), share)
    close(values(facts, "fill-time"), [np.mean(w) if len(w) >= 30 else np.nan for w in waits])


def test_the_clock(days: Days) -> None:
    facts, log, settings = days
    steps = range(settings.begin, settings.end, SECOND)
    mids = np.array([np.nan if (m := mid_at(log, ts)) is None else m for ts in steps], float)
    expected = []
    for lag in LAGS:
        moves = mids[lag:] - mids[:-lag] if lag < mids.size else np.array([np.nan])
        moves = moves[~np.isnan(moves)]
        expected.append(variance_of(moves, lag) / lag)
    close(values(facts, "signature-clock"), np.array(expected) / expected[LAGS.index(100)])
    starts = np.arange(0, mids.size - 10, 10)
    tens = mids[starts + 10] - mids[starts]
    good = ~np.isnan(tens)
    assert good.sum() > 20
    both = good[:-1] & good[1:]
    sizes = np.abs(tens)
    close(values(facts, "clustering")[0], np.corrcoef(sizes[:-1][both], sizes[1:][both])[0, 1])
    squares = np.bincount(starts[good] * SECOND // settings.width, tens[good] ** 2, 7)
    close(values(facts, "volatility-curve"), squares / squares.mean())
    first = mids[1:] - mids[:-1]
    centred = first[~np.isnan(first)] - np.nanmean(first)
    close(values(facts, "kurtosis-clock")[0], (centred**4).mean() / (centred**2).mean() ** 2)


def test_volume_over_the_day(days: Days) -> None:
    facts, log, settings = days
    blocks = [(ts - settings.begin) // settings.width for ts, _ in log.prints]
    lots = np.bincount(blocks, [size for _, size in log.prints], 7)
    close(values(facts, "volume-curve"), lots / lots.mean())


def test_how_a_day_is_cut_into_chunks_does_not_matter() -> None:
    # The sums of a day are the same bytes however its rows are handed over.
    events = dressed(small_day(8, 200), 9)
    settings = PassSettings(OPEN, OPEN + 200 * SECOND, blocks=7)
    whole, cut = (sums_of(chunks, settings) for chunks in ([events], np.array_split(events, 301)))
    assert whole.clock.tobytes() == cut.clock.tobytes()
    assert {k: a.tobytes() for k, a in whole.sums.items()} == {k: a.tobytes() for k, a in cut.sums.items()}


def test_time_is_where_it_was_spent(days: Days) -> None:
    facts, log, settings = days
    expected = np.zeros(7)
    for begin, end, view in log.states:
        if valid(view):
            expected[(begin - settings.begin) // settings.width] += (end - begin) / 1e9
    close(facts.day.sums["seconds"], expected)


def test_distances_that_rates_are_fitted_to(days: Days) -> None:
    facts, log, _ = days
    expected = np.bincount(np.minimum(log.distances, at.DISTANCES), minlength=at.DISTANCES + 1)[1:]
    close(facts.day.sums["distances"], expected.astype(float))
