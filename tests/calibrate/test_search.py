"""The search over all facts: its coordinates, and that it goes down."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from make_days import OPEN

from tickwright.calibrate import refine
from tickwright.calibrate.bands import BANDS, RANGES
from tickwright.calibrate.day import PassSettings, sums_of
from tickwright.calibrate.distance import apart, distance, noise_of
from tickwright.calibrate.facts import DayFacts, facts_of
from tickwright.calibrate.queue_states import states_of
from tickwright.calibrate.score import score
from tickwright.calibrate.search import (
    KNOBS,
    LARGE_TICK_KNOBS,
    LOSS_OF_FAILURE,
    POPULATION,
    UNSEEN,
    Knob,
    count_outside,
    loss,
    loss_of,
    search,
    verdict_loss,
    with_knobs,
)
from tickwright.core.errors import CapacityError
from tickwright.core.units import SECOND
from tickwright.venue.sim.reactive.parameters import FP, Flow
from tickwright.venue.sim.reactive.session import chunks, open_session

END = OPEN + 1200 * SECOND


def market(**changes: object) -> FP:
    flow = Flow(sizes=(1, 2), weights=(0.5, 0.5), messages_a_second=10.0, activity_sd=0.3)
    return dataclasses.replace(FP.plain(), flow=flow, **changes)  # type: ignore[arg-type]


def session(given: FP, seed: int) -> DayFacts:
    return facts_of(sums_of(chunks(open_session(given, seed, OPEN, END)), PassSettings(OPEN, END, blocks=8)))


@pytest.mark.parametrize("knobs", [LARGE_TICK_KNOBS, (*KNOBS, *UNSEEN)], ids=["large tick", "one level"])
def test_what_is_read_off_a_market_puts_it_back(knobs: tuple[Knob, ...]) -> None:
    given = market(lean=0.4, through=0.3, impact=0.9, impact_posting=0.1)
    queues = dataclasses.replace(given.queues, echo=3.0, echo_memory=2.0, comeback=0.2, spread_power=0.5)
    given = dataclasses.replace(given, queues=queues)
    given = dataclasses.replace(given, flow=dataclasses.replace(given.flow, gaps=(0.1, 1.0), gap_weights=(2.0, 1.0)))
    back = with_knobs(given, np.array([knob.read(given) for knob in knobs]), knobs)
    for knob in knobs:
        assert knob.read(back) == pytest.approx(knob.read(given), abs=1e-6), knob.name
        steps = (knob.put(given, knob.read(given) + step) for step in (knob.step, -knob.step))
        assert any(moved != given for moved in steps), knob.name  # one of them may lie on its bound


def test_the_rates_of_a_feed_of_one_level_are_moved_together() -> None:
    given = market()
    cancels, long_queues = UNSEEN
    moved = cancels.put(given, np.log(2.0)).queues
    assert moved.cancel == tuple(tuple(2.0 * rate for rate in row) for row in given.queues.cancel)
    sooner = long_queues.put(given, np.log(2.0)).queues  # twice as fast where the queue is twice as long
    for row, was in zip(sooner.cancel, given.queues.cancel, strict=True):
        assert row[:2] == was[:2]
        assert row[2:] == pytest.approx([rate * v for v, rate in enumerate(was) if v > 1], rel=1e-6)


@pytest.mark.parametrize("levels", [1, 2, 3, 10])
@pytest.mark.parametrize("given", [FP.plain(), FP.plain_small_tick()], ids=["large tick", "small tick"])
def test_what_is_searched_is_of_the_tick_and_of_the_levels_seen(given: FP, levels: int) -> None:
    settings = PassSettings(OPEN, END, levels=levels, blocks=8)
    seen = facts_of(sums_of(chunks(open_session(given, 1, OPEN, END)), settings))
    names = {knob.name for knob in refine._knobs(seen, corrected=False)}
    assert ("join" in names) == (given == FP.plain())
    assert ("through" in names) == (given == FP.plain())
    for name in ("cancels", "cancels of long queues"):
        assert (name in names) == (levels < 3)
    corrected = {knob.name for knob in refine._knobs(seen, corrected=levels > 2)}
    assert names - corrected == ({"limit orders that join"} if levels > 2 else set())  # the day's states say it


def test_no_search_turns_impact_by_the_hour_into_another_law() -> None:
    (knob,) = (knob for knob in LARGE_TICK_KNOBS if knob.name == "impact_posting")
    assert knob.put(market(impact_posting=0.1), -1.0).impact_posting > 0.0


def test_a_market_that_cannot_be_simulated_loses() -> None:
    def faulty(given: FP, seed: int) -> DayFacts:
        raise CapacityError("no room")

    recorded = session(market(), 1)
    assert loss_of(market(), recorded, faulty, 1) == LOSS_OF_FAILURE
    assert loss_of(market(), recorded, session, 1, room=1.0) == LOSS_OF_FAILURE
    assert isinstance(search(market(), recorded, faulty, 1), FP)


def test_the_search_comes_nearer_on_seeds_of_its_own() -> None:
    recorded = session(market(kappa=0.9, news=0.9), 1)
    far = market(kappa=0.15, news=0.2, informed=0.1)
    tried: list[int] = []

    def counted(given: FP, seed: int) -> DayFacts:
        tried.append(seed)
        return session(given, 100 + seed)

    found = [search(far, recorded, counted, 10, draw=draw) for draw in (0, 1)]
    assert len(tried) == 2 * 10 * POPULATION
    assert len(set(tried)) == 10  # one seed a generation
    before, *after = (np.mean([loss(recorded, session(one, seed)) for seed in range(31, 39)]) for one in (far, *found))
    assert max(after) < before
    assert min(after) < before - 0.04


def test_a_market_may_be_judged_by_several_sessions() -> None:
    recorded = session(market(), 1)
    tried: list[int] = []

    def counted(given: FP, seed: int) -> DayFacts:
        tried.append(seed)
        return session(given, 100 + seed)

    search(market(), recorded, counted, 2, sessions=3)
    assert tried == [*([0, 1, 2] * POPULATION), *([3, 4, 5] * POPULATION)]


def test_another_draw_is_another_way_and_the_same_one_the_same() -> None:
    recorded = session(market(), 1)
    ways = [search(market(), recorded, session, 1, draw=draw) for draw in (0, 0, 1)]
    assert ways[0] == ways[1] == search(market(), recorded, session, 1)
    assert ways[0] != ways[2]


def test_of_several_searches_the_best_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each search is replaced by a market that it "finds", the recorded day's own one among them.
    truth, start = market(kappa=0.9, news=0.9), market(kappa=0.15, news=0.2, informed=0.1)
    recorded, tried, widths = session(truth, 1), [], []

    def found(begin: FP, *rest: object) -> FP:
        tried.append(begin)
        draw, width = rest[-2], rest[-1]
        widths.append(width)
        return truth if draw == 1 else start  # by its draw, since they run side by side

    monkeypatch.setattr(refine, "search", found)
    monkeypatch.setattr(refine, "GENERATIONS", 1)
    monkeypatch.setattr(refine, "_polished", lambda one, *_: one)
    kept, notes = refine.refine(start, recorded, 1, 10_000, refine.STEPS + 60 * POPULATION)
    assert len(tried) == len(refine.WIDTHS) * refine.SEARCHES == 8  # and no more
    assert tried[0] == tried[1] != truth
    assert set(tried[2:]) == {truth}  # where the better of the first ended
    assert widths == 2 * [0.7] + 6 * [0.35]
    assert kept == truth
    assert len([note for note in notes if "more over all facts" in note]) == 8
    tried.clear()
    refine.refine(start, recorded, 1, 10_000, refine.STEPS + POPULATION)
    assert len(tried) == 1  # too few for a second


def test_tables_of_a_day_whose_queues_are_seen_are_corrected_on_the_way() -> None:
    # A fit that begins with too many limit orders at long queues comes nearer to the truth's own table.
    truth = market()
    rows = list(chunks(open_session(truth, 4, OPEN, END)))
    recorded = facts_of(sums_of(rows, PassSettings(OPEN, END, blocks=8)))
    states = states_of(rows, OPEN, END, tick=1, typical=truth.flow.typical, levels=10)
    own = np.array(truth.queues.limit)
    off = own * np.where(np.arange(own.shape[1]) > 7, 1.4, 1.0)
    start = dataclasses.replace(truth, queues=dataclasses.replace(truth.queues, limit=tuple(map(tuple, off))))

    def wrong(given: FP) -> float:
        """How much too many, at queues that are seen, in logarithms."""
        ratio = np.log(np.array(given.queues.limit) / own)
        return float((ratio[:2, 9:20].mean(1) - ratio[:2, 2:6].mean(1)).mean())

    assert wrong(start) == pytest.approx(np.log(1.4))
    seen = refine.refine(start, recorded, 1, 10_000, refine.STEPS, states)[0]
    unseen = refine.refine(start, recorded, 1, 10_000, refine.STEPS)[0]
    assert wrong(seen) < 0.6 * wrong(start)
    assert wrong(unseen) == pytest.approx(wrong(start))


def test_what_neither_sees_nor_fits_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    # Tables by which the book would have more orders than it may: their limit orders stay, and if need be all.
    given = market()
    settings = PassSettings(OPEN, END, blocks=8)
    rows = list(chunks(open_session(given, 4, OPEN, END)))
    states = states_of(rows, OPEN, END, tick=1, typical=given.flow.typical, levels=10)
    fuller = dataclasses.replace(states, limit=1.5 * states.limit, cancel=0.7 * states.cancel)
    assert refine._stocked(given, fuller, [rows], settings).queues.limit != given.queues.limit
    monkeypatch.setattr(refine, "room_of", lambda _: given.queues.mean_orders())
    found = refine._stocked(given, fuller, [rows], settings)
    assert found.queues.limit == given.queues.limit
    assert found.queues.mean_orders() <= given.queues.mean_orders()


def test_a_range_asks_nothing_that_the_day_does_not_have() -> None:
    # The day is moved out of every range by hand: what the simulated one has there costs nothing then.
    recorded, other = session(market(), 1), session(market(), 2)

    def outside(day: DayFacts) -> DayFacts:
        facts = dict(day.facts)
        for name in {one.fact for one in RANGES}:
            fact = facts[name]
            facts[name] = dataclasses.replace(
                fact, estimator=lambda _, n=fact.x.size: (np.full(n, 9.0), np.ones(n, bool))
            )
        return dataclasses.replace(day, facts=facts)

    def cost(day: DayFacts, simulated: DayFacts) -> float:
        with_ranges = loss(day, simulated)
        return with_ranges - loss_without_ranges(day, simulated)

    assert cost(recorded, outside(other)) > 0.01
    assert cost(outside(recorded), outside(other)) == pytest.approx(0.0, abs=1e-12)


def loss_without_ranges(day: DayFacts, simulated: DayFacts) -> float:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tickwright.calibrate.search.RANGES", ())
        return loss(day, simulated)


def test_what_the_day_cannot_tell_costs_half_of_what_else_is_outside() -> None:
    # Closed form: with noise beyond everything the second half of each fact's share is 0, with none it is as the first.
    recorded, other = session(market(), 1), session(market(kappa=0.9, news=0.9), 2)
    strict, lenient = loss(recorded, other), loss(recorded, other, dict.fromkeys(BANDS, 1e12))
    ratios = [
        value / band.limit
        for name, band in BANDS.items()
        if (value := apart(recorded[name], other[name], band.scaled)) is not None
    ]
    assert max(ratios) > 1.0
    half = 0.5 * np.mean([1.0 / (1.0 + (0.9 / max(ratio, 1e-3)) ** (1 / 0.15)) for ratio in ratios])
    assert strict - lenient == pytest.approx(half, rel=1e-6)


def test_what_is_outside_is_counted_as_the_verdict_counts_it() -> None:
    recorded = session(market(), 1)
    days = [session(market(kappa=0.9, news=0.9), seed) for seed in (2, 3, 4)]
    verdict = score(recorded, days, 1, resamples=100)
    noises = {one.fact: one.distance.noise for one in verdict.facts if one.distance is not None}
    failed = sum(one.verdict == "fail" for one in (*verdict.facts, *verdict.ranges))
    assert failed > 2
    assert count_outside(recorded, days, noises) == failed
    assert count_outside(recorded, [recorded], {}) == 0


def test_the_verdicts_loss_is_its_count_made_smooth() -> None:
    # Invariant: nothing where all is well inside; with a fact the median day decides, by how near it is to what passes,
    # from eight tenths on, and for at most three.
    recorded, days = session(market(), 1), [session(market(kappa=0.9, news=0.9), seed) for seed in (2, 3, 4)]
    assert verdict_loss(recorded, [recorded], {}) == 0.0
    medians = {
        name: float(np.median([apart(recorded[name], day[name], band.scaled) or 0.0 for day in days]))
        for name, band in BANDS.items()
    }
    name = max(BANDS, key=lambda one: medians[one] / BANDS[one].limit)
    median = medians[name]
    assert median > 1.5 * BANDS[name].limit
    assert name not in {one.fact for one in RANGES}
    unknown = dict.fromkeys(BANDS, 1e12)  # no day can tell anything
    base = verdict_loss(recorded, days, unknown)
    for part, counts in ((0.75, 0.0), (0.9, 0.5), (1.0, 1.0), (1.2, 2.0), (1.5, 3.0)):
        noises = unknown | {name: median / part}
        assert verdict_loss(recorded, days, noises) - base == pytest.approx(counts / len(BANDS), abs=1e-9)
    outside, smooth = count_outside(recorded, days, {}), len(BANDS) * verdict_loss(recorded, days, {})
    assert 2 < outside <= smooth <= 3 * len(BANDS)


@pytest.mark.parametrize(
    ("here", "there", "counts"),
    [(1.0, 0.73, 0.0), (1.0, 0.715, 0.5), (1.0, 0.7, 1.0), (1.0, 0.67, 2.0), (1.0, 0.1, 3.0), (1.0, 1.73, 2.0),
     (0.6, 0.5, 0.0), (0.6, 0.2, 1.0), (0.6, 2.5, 1.0)],
)  # fmt: skip
def test_a_required_range_counts_by_how_near_its_end_a_market_is(here: float, there: float, counts: float) -> None:
    # Oracle: by hand. Three hundredths of the width from the end on, where the day meets it; else whether it is missed.
    day, noises = session(market(), 1), dict.fromkeys(BANDS, 1e12) | {"signature-trades": 0.25}
    fact = day["signature-trades"]

    def with_values(value: float) -> DayFacts:
        def known(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return np.full(fact.x.shape, value), np.full(fact.x.shape, True)

        return dataclasses.replace(day, facts=day.facts | {fact.name: dataclasses.replace(fact, estimator=known)})

    recorded, simulated = with_values(here), with_values(there)
    apart_by = min(3.0, max(0.0, (abs(here - there) / 0.25 - 0.8) / 0.2))  # what the fact itself counts for
    lost = verdict_loss(recorded, [simulated], noises) - verdict_loss(recorded, [recorded], noises)
    assert lost * len(BANDS) == pytest.approx(counts + apart_by, abs=1e-6)


def test_a_days_own_noise_is_that_of_its_verdict() -> None:
    recorded, other = session(market(), 1), session(market(), 2)
    for name in ("spread-time", "signature-trades", "fill-time"):
        scaled = BANDS[name].scaled
        found = distance(recorded[name], other[name], scaled, 7, 100)
        assert found is not None
        assert noise_of(recorded[name], scaled, 7, 100) == found.noise
