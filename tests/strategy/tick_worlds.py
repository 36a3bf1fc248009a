"""Observations and option sets for the tests of the tick policies."""

import random
from dataclasses import replace

from tickwright.core.records import Observation
from tickwright.core.units import MILLISECOND, SECOND
from tickwright.strategy.tick.dispatch import TickCode
from tickwright.strategy.tick.imbalance import Imbalance
from tickwright.strategy.tick.mid_peg import MidPeg
from tickwright.strategy.tick.post_then_cross import PostThenCross
from tickwright.strategy.tick.requote import Requote
from tickwright.strategy.tick.take import Take

T0 = 1_000 * SECOND
MIRROR = 20_000
"""A price p and MIRROR - p are images of one another."""

CALM = Observation(
    now=T0, side=1, remaining=10, start=T0, deadline=T0 + 60 * SECOND, final=0, limit=0, limited=0, quoted=1,
    bid=9_990, ask=9_994, bid_size=30, ask_size=30, bid_depth=100, ask_depth=100,
    live=0, live_price=0, live_size=0, live_since=0, queue_ahead=0, pending=0, volume=0,
)  # fmt: skip
"""A buy of 10 lots, a minute to go, no order yet, a quote of 9990 to 9994."""

VARIANTS = {
    TickCode.TAKE: (Take(), Take(through=1.5, retry=200 * MILLISECOND)),
    TickCode.POST_THEN_CROSS: (PostThenCross(), PostThenCross(follow=False, cross_each=False, patience=0)),
    TickCode.MID_PEG: (MidPeg(), MidPeg(pause=0, cross_final=False)),
    TickCode.REQUOTE: (
        Requote(),
        Requote(patience=0, hopeless=0.0, interval=100 * MILLISECOND, cross_final=False),
        Requote(patience=0, hopeless=0.5),
    ),
    TickCode.IMBALANCE: (Imbalance(), Imbalance(cross_at=0.2, post_below=-0.1, deep=True, cross_final=False)),
}


def mirrored(obs: Observation) -> Observation:
    """The same situation seen from the other side: sides flipped, prices reflected."""
    return replace(
        obs, side=-obs.side, limit=MIRROR - obs.limit, bid=MIRROR - obs.ask, ask=MIRROR - obs.bid,
        bid_size=obs.ask_size, ask_size=obs.bid_size, bid_depth=obs.ask_depth, ask_depth=obs.bid_depth,
        live_price=MIRROR - obs.live_price,
    )  # fmt: skip


def random_story(rng: random.Random, steps: int) -> list[Observation]:
    """Observations in the order of time, over several mandates: any state of quote, child and clock."""
    story, now = [], T0
    start, deadline, final = T0, T0 + rng.randrange(1, 20) * SECOND, rng.randrange(2)
    limited, limit, side = rng.randrange(2), 10_000 + rng.randrange(-12, 13), rng.choice((1, -1))
    for _ in range(steps):
        now += rng.choice((0, 1, 10 * MILLISECOND, 300 * MILLISECOND, SECOND, 3 * SECOND))
        if now >= deadline and rng.random() < 0.7:
            start, deadline, final = now, now + rng.randrange(1, 20) * SECOND, rng.randrange(2)
        bid = 10_000 + rng.randrange(-8, 8)
        ask = bid + rng.randrange(1, 7)
        remaining = rng.choice((0, 1, 5, 40))
        sizes = [rng.choice((0, 1, 4, 30, 200)) for _ in range(4)]
        story.append(
            Observation(
                now=now,
                side=side,
                remaining=remaining,
                start=start,
                deadline=deadline,
                final=final,
                limit=limit,
                limited=limited,
                quoted=int(rng.random() < 0.9),
                bid=bid,
                ask=ask,
                bid_size=sizes[0],
                ask_size=sizes[1],
                bid_depth=sizes[0] + sizes[2],
                ask_depth=sizes[1] + sizes[3],
                live=int(rng.random() < 0.6),
                live_price=10_000 + rng.randrange(-8, 8),
                live_size=rng.choice((1, 2, 5, 40, 60)),
                live_since=now - rng.randrange(SECOND),
                queue_ahead=rng.choice((0, 3, 50, 5_000)),
                pending=int(rng.random() < 0.15),
                volume=0,
            )
        )
    return story
