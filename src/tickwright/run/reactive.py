"""Parent orders in a reactive market: the instrument of a run is a model, its parameters and a seed.

1. `open_reactive` reads `fp` or `fp:FILE` and opens the market at 9:30 of the date (`venue.sim.reactive.session`), with
   the seed that `tickwright simulate` gives such a day. It lasts as long as the parameters say.
2. The day is generated once without us: what order sizes are checked against, what the report draws as the market
   without our orders, and the counterfactual that impact is measured against. The volume curve of VWAP is the model's.
3. Each run has a copy of the market at its open (`run.live`). The loop (`run.loop`) lets it go on up to the next thing
   that may concern it: its events become rows of the tape as they happen, our commands act in its book, its matching
   fills our orders. What others would do is drawn alike in every run, so that policies differ by what they cause.
4. The desk sees the market of others, as a handler that knows its own orders by their ids makes it of the feed: our
   resting orders are in no level size and no best price, our trades in no volume. So it is in a replay; a placement
   that pegs to the best price never chases itself.
5. After the last order the market runs on to its close; benchmarks, markouts and the reversion are those of the others'
   quotes and prints of that very run (`seen`).
6. What trading cost is split by the counterfactual (`caused`): impact is the cost against the mid that the same seed
   has without us, timing is the rest.

With no order of ours the feed is that of `generate_session`, byte for byte.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import accumulate
from pathlib import Path

import numpy as np

from tickwright.book.quotes import quotes_of, trades_of
from tickwright.book.tape import Tape, compile_tape
from tickwright.core.errors import CapacityError, ConfigError
from tickwright.core.ids import fingerprint
from tickwright.core.instrument import Instrument
from tickwright.core.units import SECOND, Nanos
from tickwright.run.engine import World
from tickwright.run.layout import Stop
from tickwright.run.live import LiveMarket
from tickwright.run.market import MarketDay
from tickwright.run.parameters_file import MarketFile, known_market, read_market
from tickwright.run.simulate import days_of
from tickwright.strategy.intraday.vwap import VolumeCurve
from tickwright.tca.fills import mark_fills
from tickwright.tca.market import Market, QuoteColumns
from tickwright.tca.row import OrderTca
from tickwright.tca.shortfall import trading_split
from tickwright.venue.sim.fees import VenueTerms
from tickwright.venue.sim.profile import Profile
from tickwright.venue.sim.reactive.driver import advance, stopped
from tickwright.venue.sim.reactive.parameters import content_hash
from tickwright.venue.sim.reactive.session import MID_PRICE, Session, chunks, open_session

OPENS = "09:30"
ZONE = "America/New_York"
OPTION = "--market"
MOST_MESSAGES = 10_000_000
_ENDLESS = 2**62


@dataclass(frozen=True, slots=True)
class Part:
    """From when to when a run has a market."""

    begin: Nanos
    end: Nanos


class Reel:
    """A session, wound on to one moment after another: going on is cheap, going back begins at the open."""

    def __init__(self, session: Session) -> None:
        self._opened = self._stands = session
        self._at = session.open_ts

    def at(self, moment: Nanos) -> Session:
        """The market at a moment, nothing of ours in it: what has happened by then has happened as in every run. Its
        content is good until the next moment is asked for. Raises CapacityError."""
        if moment < self._at or self._stands is self._opened:
            self._stands = replace(self._opened, markets=self._opened.markets.copy())
        self._at, session = moment, self._stands
        session.markets["written"] = 0
        advance(session.markets, 0, session.params, _ENDLESS, seconds=(moment - session.open_ts) / SECOND)
        if stopped(session.markets):
            raise CapacityError(f"{session.parameters.name}: the market stopped: {stopped(session.markets)[0][1].name}")
        return session


@dataclass(frozen=True, eq=False)
class ReactiveDay:
    """A market at its open, and its day without us."""

    session: Session
    """Stays at the open: runs copy it."""
    day: MarketDay
    reel: Reel

    @property
    def market_hash(self) -> str:
        """Of its parameters, as a trained policy names those that it was trained in."""
        return content_hash(self.session.parameters)

    def live(self, part: Part | None = None) -> LiveMarket:
        """The market for one run, of the whole day or of a part of it."""
        if part is None:
            return LiveMarket(self.session, self.day.instrument.id)
        return LiveMarket(self.reel.at(part.begin), self.day.instrument.id, part.begin, part.end)

    def part(self, begin: Nanos, end: Nanos) -> Part:
        """A part of the day that is surely within it."""
        return Part(max(begin, self.session.open_ts), min(end, self.session.close_ts))

    def seen(self, world: World, live: LiveMarket, part: Part | None = None) -> MarketDay:
        """Let a run's market go on to its close, or to the end of the part: the day as it was with our orders in it, of
        others.

        Raises ConfigError where we moved the price to zero.
        """
        begin, end = (self.session.open_ts, None) if part is None else (part.begin, part.end)
        while world.advance(end) is not Stop.END and (end is None or world.now < end):
            pass
        if live.feed["price"].min() < 1:
            raise ConfigError("mid_price", self.session.mid_price, "so high that our orders do not move it to zero")
        tape, market = _market_of(live.others(), begin, self.session.close_ts if end is None else end)
        return replace(self.day, tape=tape, market=market)


def open_reactive(text: str, symbol: str, date: dt.date, seed: int) -> ReactiveDay:
    """The market that `--market` names, for a symbol and a date. Raises ConfigError, CapacityError."""
    chosen = named_market(text)
    flow = chosen.parameters.flow
    if flow.messages_a_second * flow.day_seconds > MOST_MESSAGES:
        raise ConfigError(
            OPTION, f"{flow.messages_a_second:g} messages a second for {flow.day_seconds:g} s",
            f"at most {MOST_MESSAGES:,} messages a day, all of which stand in memory",
        )  # fmt: skip
    instrument = Instrument(symbol, "XSIM", "USD", Decimal("0.01"), timezone=ZONE, source="generated")
    try:
        asked = days_of(instrument, date, 1, seed, OPENS)[0]
    except ConfigError as error:
        error.add_note("--date")  # all else is checked by now
        raise
    opens, closes = asked.open_ts, asked.open_ts + round(chosen.parameters.flow.day_seconds * SECOND)
    mid = MID_PRICE if chosen.mid_price is None else chosen.mid_price

    def opened() -> Session:
        return open_session(chosen.parameters, asked.seed, opens, closes, mid_price=mid)

    kept = opened()
    tape, market = _market_of(np.concatenate(list(chunks(opened(), instrument.id))), opens, closes)
    model, content = kept.parameters.name, content_hash(kept.parameters)
    day = MarketDay(
        instrument=instrument,
        date=date,
        tape=tape,
        market=market,
        begin=opens,
        end=closes,
        fingerprint=fingerprint([content, asked.seed, opens, closes, mid]),
        window=None,
        curve=_curve(kept),
        notes=(
            f"{symbol}: a generated market that answers our orders, model {model}, parameters {content[:8]}; costs and "
            "benchmarks are of the others' quotes and prints with our orders in the book, impact is against the same "
            "seed without them, which is the market that the charts show",
            *_venue_notes(symbol, kept),
        ),
        venues=_terms(kept),
    )
    return ReactiveDay(kept, day, Reel(kept))


def _terms(session: Session) -> tuple[VenueTerms, ...]:
    """Of the lit venues, in the order of their places, and of the pool after them."""
    flow = session.parameters.flow
    lit = [VenueTerms(v.name, Decimal(str(v.maker_fee)), Decimal(str(v.taker_fee)), v.latency_ns) for v in flow.venues]
    if flow.pool is None:
        return tuple(lit)
    fee = Decimal(str(flow.pool.fee))
    return (*(lit or [VenueTerms("(lit)")]), VenueTerms(flow.pool.name, fee, fee, flow.pool.latency_ns, dark=True))


def _venue_notes(symbol: str, session: Session) -> tuple[str, ...]:
    names, pool = [venue.name for venue in session.parameters.flow.venues], session.parameters.flow.pool
    notes: tuple[str, ...] = ()
    if pool is not None:
        notes = (
            f"{symbol}: a dark pool, {pool.name}: a fill there at half a tick stands as two, half the lots half a tick "
            "above it and half below, and the half tick of an odd lot is in the fee",
        )
    if len(names) < 2:
        return notes
    return (
        *notes,
        f"{symbol}: {len(names)} lit venues, {', '.join(names)}, with their own fees and ways; quotes and prints are "
        f"those of all. A placement that names none rests at {names[0]} and takes by price, the cheapest first",
    )


def named_market(text: str) -> MarketFile:
    """`fp` with its default parameters, a preset such as `fp-small-tick`, or `fp:FILE`. Raises ConfigError."""
    model, colon, file = text.partition(":")
    if not colon:
        return known_market(OPTION, text, "MODEL or MODEL:FILE, a model among")
    found = read_market(Path(file))
    if found.parameters.name != model:
        raise ConfigError(OPTION, text, f"{found.parameters.name}:{file}, for so the file says")
    return found


def require_own_impact(profiles: Mapping[str, Profile]) -> None:
    """A market that answers has impact and resilience of its own. Raises ConfigError."""
    for profile in profiles.values():
        if profile.impact.ticks_per_lot != 0:
            raise ConfigError("--impact (profile.impact)", profile.impact.ticks_per_lot, f"off, with {OPTION}")


def caused(tca: OrderTca, fills: np.ndarray, seen: MarketDay, without: MarketDay) -> OrderTca:
    """The trading cost split anew: impact against the mids of the day without us. Same total."""
    marked = mark_fills(tca.order.side, fills, seen.market)
    mids, found = without.market.mids.many(marked.ts)
    assert found.all(), "the mid before a fill of a day that opens two-sided"
    split = trading_split(
        tca.order.side, marked.size, marked.price, marked.spread, marked.liquidity, mids, tca.marks.arrival,
        seen.instrument.half_tick_value,
    )  # fmt: skip
    return replace(tca, split=split)


def _market_of(events: np.ndarray, begin: Nanos, end: Nanos) -> tuple[Tape, Market]:
    tape = compile_tape(events)
    quotes = quotes_of(tape)
    market = Market(
        quotes, trades_of(events), begin, end, None, QuoteColumns.of(quotes)
    )  # fmt: skip
    return tape, market


def _curve(session: Session) -> VolumeCurve:
    """The volume curve that the model runs by: known beforehand, and not the one that came of it."""
    flow = session.parameters.flow
    rates = flow.volume_curve
    lengths = flow.lengths(len(rates))
    length: Nanos = session.close_ts - session.open_ts
    edges = tuple(session.open_ts + length * cells // sum(lengths) for cells in accumulate(lengths, initial=0))
    weights = [rate * cells for rate, cells in zip(rates, lengths, strict=True)]
    return VolumeCurve(edges, tuple(w / sum(weights) for w in weights), "the volume curve of the market's parameters")
