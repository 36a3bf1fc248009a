"""FP, the market with a fair price, fitted to a recorded day.

In closed form, from the facts of the day:

| what | from |
|---|---|
| order sizes, messages a second | `flow_fit` |
| pace, trading, news over the day | events, market orders, moves of the mid, part by part (`day_curves`) |
| a model tick of several recorded ones, where the spread is many ticks | mean and wide spread (`queue_fit`) |
| intensities of the queues | events over time in state (`queue_fit`), where the feed shows levels enough |
| metaorders at work, exponent of their lengths, how often one goes on | the sign memory (`sign_memory`) |
| scale of impact a | Y σ √(φ T), Y stated (`price_scale`): no public day identifies it |
| limit orders over the day | the spread, part by part (`day_curves`) |
| what market orders ask for | what they traded; of those that took all, that it was as much or more (`flow_fit`) |
| their sizes over the day | lots a market order, part by part (`day_curves`) |
| from where in a queue cancels come | the places of the recorded ones, by maximum likelihood (`flow_fit`) |
| how deep a queue enters the window | stationary, where it enters out of sight of the feed (`queue_fit`) |
| quotes that come back | how soon the mid forgets a cancel that emptied the best |
| cancels that come together | cancels at once after one of their side (`clock_fit`) |
| bursts and how long they last | times between events, and how they follow one another (`clock_fit`) |
| echo of market orders, the spreads they shun | runs, spreads (`clock_fit`) |
| news s | the share `NEWS` of the variance at 50 to 300 market orders, until the refinement |

Then by simulation (`refine`): tables of the queues by what the market shows of its states (`queue_tables.towards`), and
each of these from the moment that it moves: messages, market orders, their size, refill of empty queues (spread), s
(variance), the fast weights of impact (response of the mid), κ (signature at short lags), activity (clustering),
`through` (what is paid beyond the best price), signs, curves of the day, cancels that come together where fewer than
three levels are seen; and all of them and more by all facts together (`search`).

Where one level alone is seen, queues are not identified: the large-tick default stands for them, or the small-tick one
with most of its events at the best (`queue_fit.seen_at_best`).

What FP cannot have: partial cancels, orders replaced in one message, quotes that flicker again and again (what a cancel
takes from the best comes back once), and, with a coarse tick, the recorded grid.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tickwright.calibrate import layout as at
from tickwright.calibrate.clock_fit import company_of, echo_of, gaps_of, spread_power_of
from tickwright.calibrate.day_curves import day_curves
from tickwright.calibrate.day_parts import lengths_of, parts_of
from tickwright.calibrate.facts import DayFacts
from tickwright.calibrate.flow_fit import (
    COMMONEST,
    asked_of,
    cancel_decay_of,
    events_a_second,
    sizes_of,
    usual_mid,
)
from tickwright.calibrate.model import Fit, Parameters, Rows
from tickwright.calibrate.moments import mean_over, moments_of
from tickwright.calibrate.price_scale import Y, impact_scale
from tickwright.calibrate.queue_fit import LARGE_TICK, Book, book_of
from tickwright.calibrate.queue_tables import MOST_ORDERS
from tickwright.calibrate.reactive import session_rows, table_of
from tickwright.calibrate.refine import EVALUATIONS, refine
from tickwright.calibrate.sign_memory import signs_of
from tickwright.core.errors import ConfigError
from tickwright.core.units import Nanos
from tickwright.venue.sim.reactive.layout import SIZES
from tickwright.venue.sim.reactive.parameters import FP, PARAMETERS_VERSION

PULL = 0.4
"""κ times the mean spread, to start with."""
NEWS = 0.3
LEAN, SMALL_TICK_LEAN, THROUGH, COMEBACK, IMPACT_NEWS = 0.4, 0.0, 0.5, 0.2, 0.8
SELECTIVE, SWIFT = 0.5, 0.4
"""To start with; the search goes on from there."""
IMPACT_POSTING = 0.5
"""The same: the spread goes about as the inverse of the root of posting, and impact with it."""
ASKED_PARTS, ASKED_POWER = 8, 0.3
"""Of the sizes of market orders, which are many small ones and few as large as the book."""
assert COMMONEST + ASKED_PARTS <= SIZES
ACTIVITY, ACTIVE = 0.4, 100.0
"""Activity to start with: its standard deviation, and its memory in market orders."""


@dataclass(frozen=True, slots=True)
class FPModel:
    """`model.Model` of `venue.sim.reactive.fp`. `evaluations` sessions are simulated to refine the fit; 0 is none."""

    evaluations: int = EVALUATIONS
    y: float = Y
    most_orders: float = MOST_ORDERS

    @property
    def name(self) -> str:
        """As the command line calls it."""
        return FP.name

    @property
    def version(self) -> int:
        """Of the laws."""
        return PARAMETERS_VERSION

    def fit(self, facts: DayFacts, rows: Rows) -> Fit:
        """Parameters of `FP` as above. Raises ConfigError where the day has too little, or a spread not known."""
        book = book_of(facts, rows, self.name, self.most_orders)
        mid = usual_mid(facts, book.tick)
        start = start_of(facts, book, self.y)
        market, more = refine(start, facts, book.tick, mid, self.evaluations, book.states)
        notes = [*book.notes, *more]
        notes.append(
            "no public day identifies the scale of impact: it is that of the square-root law, Y times the volatility "
            f"times the root of the participation, Y = {self.y:g}; the response of the mid then sets its fast part; "
            f"with it Y is {_law_of(market, facts, book):.2f}"
        )
        notes.append(_asked_note(facts))
        notes.append(f"{facts.day.count(at.PARTIAL_CANCELS):,} partial cancels have no place in the model")
        return Fit(table_of(market, mid), tuple(notes), book.tick)

    def simulate(self, parameters: Parameters, seed: int, begin: Nanos, end: Nanos) -> Iterable[np.ndarray]:
        """The rows of `reactive.session`, in ticks of the model."""
        return session_rows(self.name, self.version, parameters, seed, begin, end)


def _asked_note(facts: DayFacts) -> str:
    asked, sizes = facts.day.sums["asked"], facts.day.sums["sizes"]
    lots = np.arange(sizes.size)
    return (
        f"{asked[1].sum() / asked.sum():.0%} of the market orders took all that stood at their last price; by the "
        f"product-limit estimate they ask for {asked_of(asked) @ lots:.0f} lots on average, and limit orders have "
        f"{sizes @ lots / sizes.sum():.0f}"
    )


def _law_of(market: FP, facts: DayFacts, book: Book) -> float:
    """Y of the square-root law that a fitted market has, without simulation: at the size that impact has on average
    over the recorded market orders, by their hour."""
    sigma = moments_of(facts).variance ** 0.5 / book.tick
    parts = parts_of([facts], lengths_of(facts))
    curve = market.flow.posting_curve
    posting = parts.shape(parts.on(curve, market.flow.lengths(len(curve))))
    louder = float(np.average(posting**-market.impact_posting, weights=parts.markets * parts.steps))
    return louder * market.impact / impact_scale(sigma, market.weights, market.memory, market.n0, 1.0)


def comeback_of(facts: DayFacts) -> float:
    """The share of quotes that a cancel took from the best and that are there again at once: what of the mid's answer
    to such a cancel is gone with the next events."""
    first, next_ = mean_over(facts, "response-CA'", 1, 1), mean_over(facts, "response-CA'", 2, 3)
    return round(float(np.clip(1.0 - next_ / first, 0.0, 0.8)), 4) if first > 0 else COMEBACK


def start_of(facts: DayFacts, book: Book, y: float) -> FP:
    """The closed-form start. Raises ConfigError where prices never move."""
    found = moments_of(facts)
    if found.variance <= 0 or found.spread <= 0:
        raise ConfigError("model", FP.name, "a day with prices that move, and 50 market orders and more")
    large = found.spread < LARGE_TICK
    base = FP.plain() if large else FP.plain_small_tick()
    sigma = found.variance**0.5 / book.tick
    sizes, weights = sizes_of(facts.day.sums["sizes"])
    market_sizes, market_weights = sizes_of(asked_of(facts.day.sums["asked"]), ASKED_PARTS, ASKED_POWER)
    company, company_gap = company_of(facts)
    echo, echo_memory, louder = echo_of(facts)
    power, shunned = spread_power_of(facts, book.tick)
    market = tuple(round(rate / (louder * shunned), 9) for rate in book.queues.market)
    flow = dataclasses.replace(
        base.flow, sizes=sizes, weights=weights, messages_a_second=events_a_second(facts),
        day_seconds=facts.day.seconds, activity_sd=ACTIVITY, activity_memory=ACTIVE, activity_news=0.5,
        cancel_decay=cancel_decay_of(facts.day.sums["cancel_places"]), market_sizes=market_sizes,
        market_weights=market_weights, **day_curves(facts), **gaps_of(facts),
    )  # fmt: skip
    memory = facts["sign-memory"]
    values, known = memory.value()
    return dataclasses.replace(
        base,
        flow=flow,
        signs=signs_of(memory.x, values, known, base.signs),
        queues=dataclasses.replace(
            book.queues,
            market=market,
            echo=echo,
            echo_memory=echo_memory,
            spread_power=power,
            comeback=comeback_of(facts),
            company=company,
            company_gap=company_gap,
        ),
        lean=LEAN if large else SMALL_TICK_LEAN,
        through=THROUGH,
        sweep_through=THROUGH,
        impact_news=IMPACT_NEWS,
        selective=SELECTIVE,
        swift=SWIFT,
        impact_posting=IMPACT_POSTING,
        kappa=PULL * book.tick / found.spread,
        impact=impact_scale(sigma, base.weights, base.memory, base.n0, y),
        news=NEWS**0.5 * sigma,
    )
