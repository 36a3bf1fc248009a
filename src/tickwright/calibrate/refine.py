"""Simulated sessions to correct what the closed forms leave: simulated moments, one parameter each, then all facts.

1. `STEPS` sessions of one seed (common random numbers): after each, every parameter takes a damped step towards the
   moment that it moves, and the tables of queues and the curves of the day one towards the recorded ones. The session
   nearest to the day in all facts, less what its moments are off, wins.
2. `search` goes on from there with what evaluations are left, more than once where they are many, a thread each; at its
   end, queues, counts, news, curves and `company` take a few steps again.
3. All are laid beside the day on seeds that none has seen, and the best one stands; from it searches with shorter steps
   go on in the same way, round by round.

Same arguments, same result.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from tickwright.calibrate.bands import BANDS
from tickwright.calibrate.clock_fit import MOST_COMPANY, company_of, company_share
from tickwright.calibrate.day import sums_of
from tickwright.calibrate.day_curves import size_curve_of, towards_curves
from tickwright.calibrate.day_parts import lengths_of
from tickwright.calibrate.facts import DayFacts, facts_of
from tickwright.calibrate.layout import PassSettings
from tickwright.calibrate.moments import Moments, moments_apart, moments_of, nearness
from tickwright.calibrate.queue_fit import ENOUGH_LEVELS, LARGE_TICK
from tickwright.calibrate.queue_states import QueueStates, pooled, states_of
from tickwright.calibrate.queue_tables import room_of, towards
from tickwright.calibrate.reactive import in_recorded_ticks
from tickwright.calibrate.search import (
    JOINING,
    KNOBS,
    LARGE_TICK_KNOBS,
    POPULATION,
    UNSEEN,
    WIDTH,
    Adjust,
    Knob,
    count_outside,
    loss_of,
    noises_of,
    search,
    verdict_loss,
)
from tickwright.calibrate.sign_memory import memory_of, signs_of
from tickwright.core.errors import BookError, CapacityError, ConfigError
from tickwright.core.units import SECOND, Ticks
from tickwright.venue.sim.reactive.parameters import FP, Flow, Numbers, Queues, Signs
from tickwright.venue.sim.reactive.session import chunks, open_session

STEPS = 8
SEARCHES, GENERATIONS = 2, 72
"""Searches that begin at one market, and the generations of each: one ends where its draws lead, the better stands."""
CLOSER_ROUNDS = 3
WIDTHS, CLOSER = (WIDTH, *CLOSER_ROUNDS * (0.5 * WIDTH,)), (1, *CLOSER_ROUNDS * (2,))
"""Of the searches that begin at the first market, and of those that begin at the best one so far, round by round; and
how many times the sessions a market of theirs is judged by, in as many times fewer generations: the verdict is on
several days, and what is to be gained by then is less than the chance of one."""
EVALUATIONS = STEPS + len(WIDTHS) * SEARCHES * GENERATIONS * POPULATION
MESSAGES = 200_000
"""About as many in a session, at most: a day of more is simulated in less time, with its curves."""
SESSIONS = 3
"""By which a market is judged in the search, at most: a short day is chance for the most part, and soon simulated."""
SEED = 20_120_621
_LEAST_NEWS = 0.3
"""Share of the variance that news has at least: all impact decays, so that the long run is made of news."""

_MOMENTS = 0.15
"""Weight of the moments against all facts, of which one session's are uncertain by some hundredths."""
_FAST = 2
"""Memories that the response is fitted by; the slower ones keep the scale of the square-root law."""
_MOST_FAST = 0.85
"""Their share of the scale of impact, at most."""
JUDGES = 15
"""Seeds on which fits are compared, by what the search goes down; of a short day as many times more as it has
sessions."""
POLISH, SEEN = 6, 8
"""Steps of queues, counts, news, curves and `company` at the end, and sessions that each is from."""


def refine(
    start: FP, recorded: DayFacts, tick: Ticks, mid: Ticks, evaluations: int, states: QueueStates | None = None
) -> tuple[FP, list[str]]:
    """The fit that about so many sessions come to, and what to say of them. `states`: the day's, where its queues are
    seen on the model's grid. Raises ConfigError where none could be simulated."""
    if evaluations < 1:
        return start, ["not refined by simulation"]
    settings = _short(recorded)

    def session(one: FP, seed: int) -> DayFacts:
        drawn = open_session(one, seed, settings.begin, settings.end, mid_price=mid)
        return facts_of(sums_of(in_recorded_ticks(chunks(drawn), tick), settings))

    def shown(one: FP, seeds: Iterable[int]) -> tuple[list[DayFacts], FP]:
        """The facts of sessions, and the market with its tables a step nearer to the day's own states."""
        rows = [_rows(one, seed, tick, mid, settings) for seed in seeds]
        seen = [facts_of(sums_of(session, settings)) for session in rows]
        return seen, one if states is None else _stocked(one, states, rows, settings)

    def adjust(one: FP, seen: list[DayFacts]) -> FP:
        found = [moments_of(day) for day in seen]
        mean = {
            name: float(np.mean([getattr(m, name) for m in found]))
            for name in ("events", "market_share", "spread", "lots", "variance")
        }
        news = _news(one.news, moments_of(recorded).variance / tick**2, mean["variance"] / tick**2)
        one = accompanied(one, recorded, seen)
        return dataclasses.replace(_counted(one, recorded, dataclasses.replace(found[0], **mean), tick), news=news)

    market = start
    tried: list[tuple[float, float, FP]] = []
    for _ in range(min(evaluations, STEPS)):
        try:
            (simulated,), stocked = shown(market, (SEED,))
        except (BookError, CapacityError, ConfigError):
            if not tried:
                raise
            break  # a step too far: what was found before stands
        near, off = nearness(recorded, simulated), moments_apart(moments_of(recorded), moments_of(simulated))
        tried.append((near - _MOMENTS * off, near, market))
        market = _step(stocked, recorded, simulated, tick)
    _, near, best = max(tried, key=lambda one: one[0])
    notes = [f"refined by {len(tried)} simulated sessions: nearness {tried[0][1]:.3f} at first, {near:.3f} then"]
    generations = (evaluations - STEPS) // POPULATION
    if generations < 1:
        return best, notes
    knobs = _knobs(recorded, corrected=states is not None)
    sessions = int(np.clip(MESSAGES // (1.5 * moments_of(recorded).events * recorded.day.seconds), 1, SESSIONS))
    draws = range(int(np.clip(generations // GENERATIONS, 1, len(WIDTHS) * SEARCHES)))
    generations //= len(draws)
    rounds = [max(1, generations // closer) for closer in CLOSER]

    noises, judges = noises_of(recorded), JUDGES * sessions

    def judged(one: FP, stage: int) -> tuple[float, int]:
        days: list[DayFacts] = []
        losses = [loss_of(one, recorded, session, seed, noises, days) for seed in _unseen(stage, 0, judges)]
        faults = len(BANDS) * (judges - len(days))
        lost = sum(losses) / judges + verdict_loss(recorded, days, noises)
        return lost + faults, count_outside(recorded, days, noises) + faults

    def searched(begin: FP, draw: int) -> tuple[FP, tuple[float, int]]:
        stage = draw // SEARCHES
        first = SEED + 1 + stage * generations * sessions
        found = search(
            begin, recorded, lambda one, seed: session(one, first + seed), rounds[stage], adjust,
            sessions * CLOSER[stage], knobs, draw, WIDTHS[stage],
        )  # fmt: skip
        for k in range(POLISH):
            found = _polished(found, recorded, shown, adjust, _unseen(stage, 1 + k, SEEN))
        return found, judged(found, stage)

    kept = best
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for stage in range(-(-len(draws) // SEARCHES)):
            least = judged(kept, stage)
            together = draws[stage * SEARCHES : (stage + 1) * SEARCHES]
            for found, lost in list(pool.map(partial(searched, kept), together)):
                taken = "taken" if lost < least else "left"
                notes.append(
                    f"{rounds[stage] * POPULATION} more over all facts: {taken}, {lost[1]} outside and a loss of "
                    f"{lost[0]:.3f} against {least[1]} and {least[0]:.3f}, on {judges} seeds that none had seen"
                )
                if lost < least:
                    kept, least = found, lost
    return kept, notes


def _unseen(stage: int, k: int, count: int) -> range:
    """Seeds before those of all searches, a stage's own: the judges', then those of each step at the end."""
    last = SEED - max(JUDGES * SESSIONS, SEEN) * (stage * (1 + POLISH) + k)
    return range(last - count, last)


def _knobs(recorded: DayFacts, corrected: bool) -> tuple[Knob, ...]:
    """Where tables are corrected, the states of the day say how fast limit orders join."""
    knobs = LARGE_TICK_KNOBS if moments_of(recorded).spread < LARGE_TICK else KNOBS
    if recorded.day.settings.levels < ENOUGH_LEVELS:
        return (*knobs, *UNSEEN)
    return tuple(knob for knob in knobs if knob is not JOINING) if corrected else knobs


def _polished(
    found: FP, recorded: DayFacts, shown: Callable[[FP, Iterable[int]], tuple[list[DayFacts], FP]], adjust: Adjust,
    seeds: range,
) -> FP:  # fmt: skip
    """The mean of a search moves away from its last generation: a step back to the queues, counts, news, curves
    and company of the day."""
    try:
        seen, found = shown(found, seeds)
    except (BookError, CapacityError, ConfigError):
        return found
    return adjust(towards_curves(found, recorded, seen), seen)


def _short(recorded: DayFacts) -> PassSettings:
    whole = recorded.day.settings
    events = moments_of(recorded).events
    length = min(whole.end - whole.begin, max(int(MESSAGES / events * SECOND), whole.blocks * whole.step))
    return dataclasses.replace(whole, end=whole.begin + length)


def _rows(market: FP, seed: int, tick: Ticks, mid: Ticks, settings: PassSettings) -> list[np.ndarray]:
    session = open_session(market, seed, settings.begin, settings.end, mid_price=mid)
    return [rows.copy() for rows in in_recorded_ticks(chunks(session), tick)]


def _stocked(market: FP, states: QueueStates, sessions: list[list[np.ndarray]], settings: PassSettings) -> FP:
    """Tables `towards` the day; without its limit orders where the book would have too many orders by them."""
    like: Any = {"tick": states.tick, "typical": states.typical, "levels": settings.levels}
    found = pooled([states_of(rows, settings.begin, settings.end, **like) for rows in sessions])
    queues, room = towards(market.queues, states, found), room_of(market.queues)
    if queues.mean_orders() > room:
        queues = dataclasses.replace(queues, limit=market.queues.limit)
    return dataclasses.replace(market, queues=queues) if queues.mean_orders() <= room else market


# -- steps -------------------------------------------------------------------------------------------------------------


def _step(market: FP, recorded: DayFacts, simulated: DayFacts, tick: Ticks) -> FP:
    """Every parameter towards its moment."""
    wanted, found = moments_of(recorded), moments_of(simulated)
    parts = _parts(market, _ratio(wanted.response, found.response, 0.5, 1.6))
    total = sum(parts)
    market = _counted(towards_curves(market, recorded, [simulated], pace=False), recorded, found, tick)
    market = accompanied(market, recorded, [simulated])
    flow = market.flow
    return dataclasses.replace(
        market,
        flow=dataclasses.replace(
            flow,
            activity_news=float(np.clip(market.flow.activity_news + wanted.clustering - found.clustering, 0.0, 1.0)),
        ),
        signs=_signs(market, recorded, simulated),
        through=_through(market, wanted, found),
        news=_news(market.news, wanted.variance / tick**2, found.variance / tick**2),
        kappa=market.kappa * _ratio(wanted.bounce, found.bounce, 0.2, 1.3),
        impact=total,
        weights=tuple(round(part / total, 9) for part in parts),
    )


def _counted(market: FP, recorded: DayFacts, found: Moments, tick: Ticks) -> FP:
    """Messages a second, the share of market orders and their size, the spread."""
    wanted = moments_of(recorded)
    rate = market.flow.messages_a_second * _ratio(wanted.events, found.events, 0.8, 10.0)
    return dataclasses.replace(
        market,
        flow=dataclasses.replace(
            market.flow, messages_a_second=rate, size_curve=sizes_towards(market.flow, recorded, found)
        ),
        queues=_queues(market.queues, wanted, found, tick),
    )


def sizes_towards(flow: Flow, recorded: DayFacts, found: Moments) -> Numbers:
    """`size_curve` a step nearer to the lots that recorded market orders traded. None has larger ones than were read
    off the day, since a market order takes what stands there: larger ones would make up for a thin book for ever. A
    market that is thinner than the day trades less."""
    shown = float(np.average(size_curve_of(recorded), weights=lengths_of(recorded)))
    step = _ratio(moments_of(recorded).lots, found.lots, 0.5, 1.3)
    factor = min(step, shown / float(np.average(flow.size_curve, weights=flow.lengths(len(flow.size_curve)))))
    return tuple(round(scale * factor, 4) for scale in flow.size_curve)


def accompanied(market: FP, recorded: DayFacts, seen: list[DayFacts]) -> FP:
    """`company` a step nearer to the recorded share of cancels in company, where too few levels are seen: a cancel that
    follows one at the best is hardly seen unless it is at the best too, and the share read off the day is less."""
    if recorded.day.settings.levels >= ENOUGH_LEVELS:
        return market
    wanted = company_of(recorded)[0]
    found = float(np.mean([company_share(day) for day in seen]))
    step = _ratio(wanted, max(found, 0.1 * wanted), 0.5, 1.6)  # a share of 0 says that there are too few
    company = min(MOST_COMPANY, market.queues.company * step)
    return dataclasses.replace(market, queues=dataclasses.replace(market.queues, company=round(company, 4)))


def _parts(market: FP, factor: float) -> list[float]:
    """a w_r with the fast ones, which answer for the response to a single market order, times `factor`."""
    parts = [market.impact * w for w in market.weights]
    fast, slow = sum(parts[:_FAST]), sum(parts[_FAST:])
    factor = min(factor, _MOST_FAST / (1.0 - _MOST_FAST) * slow / fast) if fast > 0 else 1.0
    return [part * factor for part in parts[:_FAST]] + parts[_FAST:]


def _ratio(wanted: float, found: float, power: float, most: float) -> float:
    """(wanted / found)^power within 1/most and most; 1 where either is not known."""
    if wanted <= 0 or found <= 0:
        return 1.0
    return float(np.clip((wanted / found) ** power, 1.0 / most, most))


def _through(market: FP, wanted: Moments, found: Moments) -> float:
    """Fewer market orders go beyond the best price where they pay more for depth than on the day."""
    if market.reach == 0:
        return market.through  # none does
    if wanted.depth > 0.0 and found.depth > 0.0:
        step = _ratio(wanted.depth, found.depth, 0.7, 2.0)
    else:
        step = 2.0 ** float(np.sign(wanted.depth - found.depth))
    return min(1.0, max(0.01, market.through * step))


def _news(news: float, wanted: float, found: float) -> float:
    return float(max(_LEAST_NEWS * wanted, news**2 + 0.7 * (wanted - found)) ** 0.5)


def _signs(market: FP, recorded: DayFacts, simulated: DayFacts) -> Signs:
    """Informed orders have signs of their own: what they add to the law's memory is taken off the recorded one."""
    fact = recorded["sign-memory"]
    wanted, known = fact.value()
    found, also = simulated["sign-memory"].value()
    return signs_of(fact.x, wanted - found + memory_of(market.signs, fact.x), known & also, market.signs)


def _queues(queues: Queues, wanted: Moments, found: Moments, tick: Ticks) -> Queues:
    """Empty queues are filled sooner where the spread is too wide (the tilt empties queues and keeps them so: estimated
    rates have met it already); market orders get their share of the events."""
    least = 0.9 * tick
    refills = _ratio(found.spread - least, wanted.spread - least, 0.8, 1.6)
    markets = _ratio(wanted.market_share, found.market_share, 0.6, 1.5)
    fuller = dataclasses.replace(
        queues,
        limit=tuple((round(row[0] * refills, 9), *row[1:]) for row in queues.limit),
        market=tuple(round(rate * markets, 9) for rate in queues.market),
    )
    return fuller if fuller.mean_orders() <= room_of(queues) else dataclasses.replace(fuller, limit=queues.limit)
