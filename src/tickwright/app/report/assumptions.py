"""The laws of a simulation profile in words: what holds in this run, and where each is unrealistic."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tickwright.app.report.data import Assumption
from tickwright.book.windowed import WindowCounts
from tickwright.strategy.options import duration_text
from tickwright.venue.sim.profile import Profile
from tickwright.venue.sim.queue import EXACT, QueueLaw


def assumptions(
    venues: Sequence[tuple[str, Profile, str]], windows: Sequence[WindowCounts], answers: bool = False
) -> tuple[Assumption, ...]:
    """One row a law, in the order in which an order meets them.

    `venues` are symbol, profile and currency of every instrument; their profiles differ in the fees alone, which are
    held per lot. `answers` says that the market is a reactive one, with our orders in its book.
    """
    profile = venues[0][1]
    fees = {symbol: _fees(own, currency) for symbol, own, currency in venues}
    one = len(set(fees.values())) == 1
    latency = (
        Assumption(
            "latency",
            f"desk to exchange {_samples(profile.latency.entry)}, "
            f"exchange to desk {_samples(profile.latency.response)}, "
            f"market data {duration_text(profile.latency.feed)} after receipt",
            "Draws are independent of the market; real latency grows in bursts of activity, just when it costs most.",
        ),
    )
    costs = (
        Assumption(
            "fees",
            fees[venues[0][0]] if one else "; ".join(f"{symbol}: {text}" for symbol, text in fees.items()),
            "No volume tiers, no minimum per order, no regulatory fees.",
        ),
    )
    if answers:
        return latency + _ANSWERING + costs
    return (
        *latency,
        Assumption(
            "matching",
            "price-time priority, our orders among the recorded ones",
            "Recorded participants do not react: nobody cancels, follows or joins because of our order.",
        ),
        Assumption("queue position", *_queue([(symbol, own.queue) for symbol, own, _ in venues], windows)),
        Assumption(
            "liquidity taken",
            _half_life(profile.resilience.half_life),
            "Real liquidity comes back in sizes and at prices of its own choosing; the half-life is an assumption.",
        ),
        Assumption("impact", *_impact(profile)),
        *costs,
        Assumption(
            "fills of resting orders",
            "by recorded trades that reach our place in the queue or go through our price, and by recorded orders "
            "that cross it",
            "The order that we got ahead of is still executed by the recording, so that volume counts twice, "
            "once for it and once for us.",
        ),
    )


_ANSWERING = (
    Assumption(
        "matching",
        "price-time priority in the market's own book, our orders among the others",
        "One venue, no hidden orders, no auctions and no halts; our own orders never trade with one another, the one "
        "that rests makes way.",
    ),
    Assumption(
        "others",
        "react to what they see of our orders and trades, by the law of the model; what they would do is drawn alike "
        "in every run of a seed",
        "They know no more of us than the model's memory does: nobody recognises a pattern, and nobody games us.",
    ),
    Assumption("queue position", "exact, order by order", "None: every order ahead is known."),
    Assumption(
        "impact",
        "what the model makes of it; measured against the same seed without our orders",
        "It is as large and fades as fast as the parameters say; no parameter was fitted to trades of ours.",
    ),
)


def _samples(samples: tuple[int, ...]) -> str:
    if len(samples) == 1:
        return duration_text(samples[0])
    ordered = sorted(samples)
    middle, high = ordered[len(ordered) // 2], ordered[-(-len(ordered) * 99 // 100) - 1]
    return f"drawn from {len(ordered):,} samples (median {middle / 1000:,.1f}us, 99 % {high / 1000:,.1f}us)"


def _queue(laws: Sequence[tuple[str, QueueLaw | None]], windows: Sequence[WindowCounts]) -> tuple[str, str]:
    assumed = [(symbol, law) for symbol, law in laws if law is not None and law.code != EXACT]
    if assumed:
        law = assumed[0][1]
        where = "" if len(assumed) == len(laws) else f" for {', '.join(symbol for symbol, _ in assumed)}"
        return (
            f"{law}{where}: the data show sizes of levels and no orders; {_AHEAD[law.name]}",
            "Nobody knows which cancels were ahead of us; a level that flickers to nothing hands us the head of its "
            "queue. Compare the laws before a result that hangs on passive fills is believed.",
        )
    if not windows:
        return "exact, order by order", "None on a full-depth feed: every order ahead is known."
    rows = sum(w.rows for w in windows)
    best = sum(w.rows_equal_best for w in windows)
    whole = sum(w.rows_equal_all_levels for w in windows)
    return (
        f"order by order inside the recorded window; the rebuilt book agrees with the recorded one in "
        f"{100 * best / rows:.2f} % of rows at the best and {100 * whole / rows:.2f} % on all levels",
        "Volume that stood before the recording, or came into view at the window's edge, has no known order of its "
        "own: it counts as ahead of later orders.",
    )


_AHEAD = {
    "risk-averse": "we move up by trades alone, and when a level gets smaller than what was ahead",
    "prob-power": "of each cancel, the share front^n / (front^n + back^n) was ahead of us",
    "prob-log": "of each cancel, the share log(1 + front) / (log(1 + front) + log(1 + back)) was ahead of us",
}


def _half_life(half_life: int | None) -> str:
    if half_life is None:
        return "never comes back"
    return "is back at once" if half_life == 0 else f"half of it is back after {duration_text(half_life)}"


def _impact(profile: Profile) -> tuple[str, str]:
    law = profile.impact
    if law.ticks_per_lot == 0:
        return (
            "off",
            "Beyond the levels that we take, our trades move nothing: large orders look cheaper than they are.",
        )
    return (
        f"{law.ticks_per_lot:g} ticks for each lot taken, decaying by e in {duration_text(law.decay)}",
        "Linear in size, the same at every hour; resting orders that fill move nothing.",
    )


def _fees(profile: Profile, currency: str) -> str:
    fees = profile.fees
    parts = []
    for name, per_lot, bps in (
        ("making", fees.maker_per_lot, fees.maker_bps),
        ("taking", fees.taker_per_lot, fees.taker_bps),
    ):
        terms = [f"{per_lot:f} {currency} a lot"] if per_lot else []
        terms += [f"{bps:f} bp"] if bps else []
        parts.append(f"{name} {' + '.join(terms) or 'free'}")
    none = not any(Decimal(f) for f in (fees.maker_per_lot, fees.taker_per_lot, fees.maker_bps, fees.taker_bps))
    return "none" if none else ", ".join(parts)
