"""FP: a fair price that remembers each parent order, and a queue-reactive book that is drawn towards it. The default.

Law. Units: ticks and typical sizes; the clock is market orders of the background.
  1. Each market order of the background: every memory N[k, r] and D[r] falls by exp(-1/τ_r); the metaorder that traded
     gets N[k, r] += sign × volume. With probability `news_rate` there is news, W += s / √news_rate ξ, s following the
     day's volatility curve and the activity: s is its deviation a market order, however rare its pieces.
  2. Each fill of an agent: N[account, r] += sign × volume, passive ones with weight `passive`, and those at
     the hands of the informed with weight `passive` × `picked`; never reset.
  3. h(N) = N / √(|N| + n0). A metaorder that begins hands over D[r] += a_r h(N[k, r]) and starts from 0.
  4. F = W + Σ D + Σ a_r h(N).
  5. x = clip(κ (mid - F) + `stale` × the ticks by which F lies beyond a best price, with the same sign):
     G = e^(join x) tilts the limit orders of `queue_reactive`, e^(lean x) its cancels.
  6. Signs are `lmf`'s, but a share `informed` of the market orders knows F: it takes the side of F - mid, and where F
     lies beyond the opposite best it sweeps all that is cheaper than F, up to `sweep` lots. Informed orders enter no
     memory, since F holds already what they know. With F nearer to the mid than `edge` half-spreads they stay away,
     and somebody who knows nothing trades in their place: at 0 they always come, at 1 only where it pays.
  7. An order that does not sweep goes at most `reach` ticks beyond the best price that it meets, and a share
     1 - `through` of them no further than that price; what is left is dropped: whoever sends it looks at what is shown
     (Tóth et al.'s selective taking, by price). Of the sweeps a share 1 - `sweep_through` stops there likewise.
  8. For each tick by which F lies beyond a best price there are `rush` times more market orders, all of the informed;
     at most 50 times more (`queue_reactive.MOST_RUSH`), however far it lies. With `impact_posting` these ticks, not
     those of laws 5 and 9, are multiplied by the curve of posting to that power: the inverse of the hour's part of g
     (law 10).
  9. The reference of `queue_reactive` heeds F: when it may follow the mid, the odds of θ are multiplied by
     e^(`heed` × the ticks from the mid on to F).
 10. Impact is of the volatility at which it began: a_r h(N[k, r]) is multiplied by g, the size of the news to the power
     `impact_news` when metaorder k began; of an account, at the last market order before its first fill. The scale of
     the square-root law is σ. g stays as it is while its owner goes on: no fair price moves because a clock has struck,
     and for one owner the law is that of laws 2 to 4 with another a. With `impact_posting` the hour's part of g is not
     the volatility curve's, but the curve of posting to that power, inverted: where few limit orders come, the spread
     is wide and each trade moves the price the further, or whoever rests would be paid at that hour (Wyart et al.,
     "Relation between bid-ask spread, impact and volatility in order-driven markets", Quantitative Finance 8, 2008).
 11. The size of a market order, `sweep` or one from the table of all orders, is multiplied by `size_curve` at that time
     of the day; a part of a lot is one by chance, and no order is smaller than a lot. With `market_sizes` every
     order has one of these, a sweep too, whatever `sweep` is, and hazards are divided by the curve (Lehmann, "The power
     of rank tests", Annals of Mathematical Statistics 24, 1953): where it is c, the chance S of a larger one is
     S^(1/c), and the mean is not c times as large.

 12. With `selective` z, who takes minds the queue that is hit. P(s) is the chance that by law 6 the next market order
     is on side s, λ(s) the rate of `queue_reactive` at the queue that it would hit. Market orders come at the rate
     Σ λ(s) (1 - z + 2 z P(s)), and of those by λ(s) the share that z adds are on side s: whoever waits to trade does so
     when the queue is thin, and no thin queue is hit by those who are on the other side (after Taranto, Bormetti,
     Lillo, "The adaptive nature of liquidity taking in limit order books", J. Stat. Mech. 2014). At 0 the rates say
     when a market order comes, and law 6 alone on which side.

 13. Whoever quotes hears of a trade sooner than F is in the prices: after a market order that bought, bid limits and
     ask cancels come e^`swift` times as often and the others as much less, and what it said fades by
     e^(-1/`swift_memory`) with each event. An agent's order is heard as any other's.

Laws 8 and 9, pieces of news and `stale` are there so that nobody is paid to wait: as long as the mid followed F slowly,
who watched the book foresaw the mid by more than half a spread, and a patient round trip earned a tick a lot. News now
comes at a stroke, and is in the quotes a few messages later, most of it through trades with whoever rested.

What is put in by law, and not emergent: the square root of impact in volume (h), its decay (τ, a), and the news, a
large part of the variance.

No manipulation for one owner is proved for the plain impact of laws 2 to 4 alone, where costs are a sum of non-negative
terms (Alfonsi, Fruth, Schied, "Optimal execution strategies in limit order books with general shape functions", 2010).
With what the informed, the tilt and laws 8, 9, 12 and 13 add it is no theorem: it is shown by search, for the
parameters that are shipped, in which the adversary of `tickwright gate` finds no plan that earns. Others may have one:
with `picked` at 1 it finds one (`FP`). An owner that splits itself into several accounts would break even the proof, so
an owner is one account.

Unrealistic: the informed know F exactly and at once; volatility and volume share one activity; queues know nothing of
each other; no cross-impact; with h per parent, two agents' impacts add although their orders are alike; with law 10
an account that trades a lot while news is small keeps its small impact for as long as it lives; with law 12 a queue
that an agent makes thin is hit sooner; with law 13 a lot is heard as a thousand are, and a trade in a dark pool not.
"""

from __future__ import annotations

import math

import numpy as np

from tickwright.book.ladder import best
from tickwright.book.layout import ASK, BID, NO_SIDE, Bool, Int, Record, at
from tickwright.core.kernel import inline, kernel
from tickwright.venue.sim.reactive import lmf, queue_reactive, takers
from tickwright.venue.sim.reactive.draws import INFORMED, NEWS, PART, SIZE, THROUGH, TIDINGS, near_normal, uniform
from tickwright.venue.sim.reactive.flow import size_at
from tickwright.venue.sim.reactive.layout import ACCOUNTS, SCALES, SLOTS
from tickwright.venue.sim.reactive.pace import loudness, size_now

_BELOW_ONE = float(np.nextafter(1.0, 0.0))


@inline(borrow=True)
def concave(n: float, n0: float) -> float:
    """h: linear near zero, a square root far from it."""
    return n / math.sqrt(abs(n) + n0)


@inline(borrow=True)
def _limit(market: Record, params: Record, block: Int, side: Int) -> Int:
    """The worst price that an order takes which does not sweep."""
    near = best(market.book.ladder, 1 - side)
    if params.through < 1.0 and uniform(block, THROUGH) >= params.through:
        return np.int64(near)
    end = queue_reactive.window_end(market, params, side)
    return min(near + params.reach, end) if side == BID else max(near - params.reach, end)


@inline(borrow=True)
def _sweep_limit(params: Record, block: Int, near: Int, far: Int) -> Int:
    """The worst price that a sweep takes: the last one that is worth it, or the best one alone."""
    stops = params.sweep_through < 1.0 and uniform(block, THROUGH) >= params.sweep_through
    return np.int64(near if stops else far)


@inline(borrow=True)
def _sized(market: Record, params: Record, block: Int, lots: Int) -> Int:
    """The size of a market order, from one that knows nothing of the hour: whole lots, by chance with the same mean,
    and at least one."""
    if params.sized == 0:
        return np.int64(lots)
    return max(np.int64(1), np.int64(lots * size_now(market, params) + uniform(block, PART)))


@inline(borrow=True)
def _asked(market: Record, params: Record, block: Int) -> Int:
    """What somebody asks for. With sizes of their own the chance of more than x, S(x), is S(x)^(1/c) at c of the curve,
    so that sizes stay those of the table and round lots meet round lots."""
    u = uniform(block, SIZE)
    if params.own_sizes == 0:
        return _sized(market, params, block, size_at(params.market_sizes, u))
    if params.sized != 0:
        u = min(1.0 - (1.0 - u) ** size_now(market, params), _BELOW_ONE)
    return size_at(params.market_sizes, u)


@inline(borrow=True)
def _swept(market: Record, params: Record, block: Int, lots: Int) -> Int:
    """The most that a sweep takes, of somebody who would else ask for `lots`."""
    return lots if params.own_sizes != 0 else _sized(market, params, block, params.sweep)


@inline(borrow=True)
def order(market: Record, params: Record, block: Int, hit: Int) -> tuple[Int, Int, Int, Int]:
    """Who sends the next market order, which came by the rate at the queue `hit`: (side, lots, limit, metaorder
    or -1)."""
    lots = _asked(market, params, block)
    known, u = np.int64(NO_SIDE), uniform(block, INFORMED)
    if params.selective > 0.0:
        known, u = takers.side_known(market, params, hit, u)
    if u < takers.turn_of_informed(market, params, known):
        side = takers.stance(market, params)
        ladder = market.book.ladder
        if market.fair > best(ladder, ASK):
            limit = _sweep_limit(params, block, best(ladder, ASK), np.int64(math.ceil(market.fair)) - 1)
            return side, _swept(market, params, block, lots), limit, np.int64(-1)
        if market.fair < best(ladder, BID):
            limit = _sweep_limit(params, block, best(ladder, BID), np.int64(math.floor(market.fair)) + 1)
            return side, _swept(market, params, block, lots), limit, np.int64(-1)
        if side != NO_SIDE:
            return side, lots, _limit(market, params, block, side), np.int64(-1)
    slot = lmf.pick(market, params, block) if known == NO_SIDE else lmf.pick_on(market, params, block, known)
    if lmf.is_over(market, slot):
        for r in range(SCALES):
            market.residue[r] += params.weight[r] * market.loud[slot] * concave(market.memory[slot, r], params.n0)
            market.memory[slot, r] = 0.0
        market.loud[slot] = loudness(market, params)
        lmf.begin(market, params, slot, block, known)
    side = lmf.take_turn(market, slot)
    return side, lots, _limit(market, params, block, side), slot


@inline(borrow=True)
def forget(market: Record, params: Record, account: Int, signed: Int, filled: Int) -> None:
    """What an account that was hit by an informed order does not remember of the lots that it `filled`."""
    lots = (filled if signed > 0 else -filled) * params.passive * (1.0 - params.picked)
    for r in range(SCALES):
        market.memory[SLOTS + account, r] += lots * params.per_typical


@inline(borrow=True)
def hear(market: Record, params: Record, slot: Int, signed: Int) -> None:
    """The clock ticks after a market order of the background that bought `signed` lots for metaorder `slot` (-1: for
    the informed)."""
    for k in range(params.slots):
        for r in range(SCALES):
            market.memory[at(k), r] *= params.keep[r]
    for k in range(SLOTS + 1, SLOTS + ACCOUNTS):
        if market.memory[k, SCALES - 1] == 0.0:  # nothing of its own yet
            market.loud[k] = loudness(market, params)
            continue
        for r in range(SCALES):
            market.memory[k, r] *= params.keep[r]
    for r in range(SCALES):
        market.residue[r] *= params.keep[r]
        if slot >= 0:
            market.memory[slot, r] += signed * params.per_typical


@inline(borrow=True)
def is_news(params: Record, block: Int) -> Bool:
    """Whether there is news at this tick of the clock."""
    return params.news_rate >= 1.0 or uniform(block, TIDINGS) < params.news_rate


@inline(borrow=True)
def learn(market: Record, params: Record, block: Int, size: float) -> None:
    """A piece of news: a step of W, of this `size` relative to s."""
    market.walk += params.news * size * near_normal(block, NEWS)


@inline(borrow=True)
def _draw_roots(market: Record, params: Record, first: Int, last: Int) -> None:
    """h of the memories of owners first to last - 1: in one loop over all of them, so that the processor draws several
    roots at once. Rows of a table lie one behind another, and the first is indexed beyond its end."""
    n0 = params.n0
    for place in range(first * SCALES, last * SCALES):
        market.pull[0, at(place)] = concave(market.memory[0, at(place)], n0)


@inline(borrow=True)
def _plus_pull(market: Record, params: Record, k: Int, total: float) -> float:
    """`total` and what owner k adds to the fair price."""
    loud = market.loud[at(k)]
    for r in range(SCALES):
        pull = loud * market.pull[at(k), r]
        market.pull[at(k), r] = pull
        total += params.weight[r] * pull
    return total


@kernel(borrow=True)
def value(market: Record, params: Record) -> None:
    """The fair price of the memories as they are."""
    total = market.walk
    for r in range(SCALES):
        total += market.residue[r]
    _draw_roots(market, params, np.int64(0), params.slots)
    for k in range(params.slots):
        total = _plus_pull(market, params, np.int64(k), total)
    for k in range(SLOTS + 1, SLOTS + ACCOUNTS):
        if market.memory[k, SCALES - 1] != 0.0:  # else nothing of its own yet
            _draw_roots(market, params, np.int64(k), np.int64(k + 1))
            total = _plus_pull(market, params, np.int64(k), total)
    market.fair = total


@inline(borrow=True)
def tilt(market: Record, params: Record) -> None:
    """G from the mid and the fair price."""
    gap = 0.5 * market.twice_mid - market.fair
    x = params.kappa * gap
    if params.stale > 0.0:
        beyond = queue_reactive.beyond(market)
        x += params.stale * (beyond if gap > 0.0 else -beyond)
    x = min(max(x, -params.clip), params.clip)
    push = params.swift * market.push
    market.up = math.exp((x if params.join == 1.0 else params.join * x) - push)
    market.down = 1.0 / market.up
    if params.lean == params.join:
        market.up_cancel = market.up
        market.down_cancel = market.down
    else:
        market.up_cancel = math.exp(params.lean * x - push)
        market.down_cancel = 1.0 / market.up_cancel
