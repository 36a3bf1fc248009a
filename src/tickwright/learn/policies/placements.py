"""Placements: what is overdue, what is due by the end of the step, and what is seen, as one of the actions.

| name | |
|---|---|
| take | cross what is due |
| post-then-cross | cross what is overdue; else have what is due rest at the best |
| peg | have what is due rest at the best and follow it; cross what is overdue by more than `slack` slices |
| mid-peg | the same at the mid, inside the spread, or at the best where there is no room |
| leave | have what is due rest `offset` ticks from the best (`aim`), and leave it there; the next when nothing rests |
| heuristic | cross, improve, post or pull, by imbalance, spread and what is overdue (`baseline.Numbers`) |
| random | any legal action |

Sizes are those of the actions: the nearest to what is wanted, the smaller of two that are as near; what rests is at
least a slice. A child that stands at its price with half of what is wanted, or more, keeps its place. All of them cross
when what is left would no longer go through by crossing five slices a decision: at the latest with the last one.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.layout import Bool, Int, Record
from tickwright.core.kernel import inline
from tickwright.core.rng import hash64, to_unit
from tickwright.learn.policies.layout import Placement
from tickwright.strategy.learned.actions import (
    ACTIONS,
    BOTH,
    CROSS,
    HALVES,
    INSIDE,
    KEEP,
    MID,
    POST,
    PULL,
    legal,
    lots_of,
    wish,
)

_TAKE, _POST_THEN_CROSS = int(Placement.TAKE), int(Placement.POST_THEN_CROSS)
_MID_PEG, _LEAVE = int(Placement.MID_PEG), int(Placement.LEAVE)
_LARGEST = int(HALVES[BOTH - 1])
"""Half slices of the largest crossing."""
_SIZES = 5
"""Sizes that may rest at a price."""


# -- sizes -------------------------------------------------------------------------------------------------------------


@inline
def cross_about(lots: Int, task: Record, progress: Record) -> Int:
    """The crossing nearest to `lots`; keep where nothing is nearer."""
    chosen, off = KEEP, lots
    for action in range(CROSS, BOTH):
        distance = abs(lots_of(action, task, progress) - lots)
        if distance < off:
            chosen, off = action, distance
    return chosen


@inline
def cross_all(task: Record, progress: Record) -> Int:
    """The smallest crossing of all that is left, or the largest one there is."""
    for action in range(CROSS, BOTH):
        if lots_of(action, task, progress) >= progress.remaining:
            return action
    return BOTH - 1


@inline
def too_late(task: Record, progress: Record, decisions: Int) -> Bool:
    """Whether what is left needs all of so many decisions, this one among them, to be crossed."""
    return 2 * progress.remaining > _LARGEST * task.slice * (decisions - 1)


@inline
def stand(action: Int, task: Record, progress: Record, sight: Record) -> Int:
    """An action that has lots rest, or keep where enough of them stands at that price."""
    _, price, lots = wish(action, task, progress, sight)
    if progress.live > 0 and progress.live_price == price and progress.live <= lots <= 2 * progress.live:
        return KEEP
    return action


@inline
def rest_about(lots: Int, improve: Bool, task: Record, progress: Record, sight: Record) -> Int:
    """About `lots` at rest at the best, or one tick inside where there is room and it is wished."""
    first = INSIDE if improve and sight.ask - sight.bid >= 2 else POST
    chosen, off = first, abs(lots_of(first, task, progress) - lots)
    for action in range(first + 1, first + _SIZES):
        distance = abs(lots_of(action, task, progress) - lots)
        if distance < off and legal(action, task, progress, sight):
            chosen, off = action, distance
    return stand(chosen, task, progress, sight)


# -- placements --------------------------------------------------------------------------------------------------------


@inline
def at_mid(lots: Int, task: Record, progress: Record, sight: Record) -> Int:
    """All that is left at the mid, where the spread has one to rest at; else about `lots` as near to it as can be."""
    if sight.ask - sight.bid >= 4:
        return stand(MID, task, progress, sight)
    return rest_about(lots, True, task, progress, sight)


@inline
def place(policy: Record, overdue: Int, due: Int, task: Record, progress: Record, sight: Record) -> Int:
    """The action of the plain placements; `due` includes what is overdue."""
    if policy.placement == _TAKE:
        return cross_about(due, task, progress)
    if policy.placement == _LEAVE:
        if due <= 0 or progress.live > 0:
            return KEEP
        return rest_about(due, policy.offset > 0, task, progress, sight)
    slack = 0.0 if policy.placement == _POST_THEN_CROSS else policy.slack * task.slice
    crossing = cross_about(overdue, task, progress) if overdue > slack else KEEP
    if crossing != KEEP or due <= 0:
        return crossing
    if policy.placement == _MID_PEG:
        return at_mid(due, task, progress, sight)
    return rest_about(due, False, task, progress, sight)


@inline
def pressure(deep: float, task: Record, sight: Record) -> float:
    """Imbalance against us, -1 to 1, at the best, and with weight `deep` on five levels: near 1 the side that we stand
    on is the heavier one, and the price about to run away."""
    bids, asks = 0.0, 0.0
    for i in range(sight.bid_sizes.shape[0]):
        bids += sight.bid_sizes[i]
        asks += sight.ask_sizes[i]
    bid, ask = float(sight.bid_sizes[0]), float(sight.ask_sizes[0])
    best = (bid - ask) / (bid + ask) if bid + ask > 0 else 0.0
    all_levels = (bids - asks) / (bids + asks) if bids + asks > 0 else 0.0
    against: float = task.side * ((1.0 - deep) * best + deep * all_levels)
    return against


@inline
def by_heuristic(policy: Record, overdue: Int, due: Int, task: Record, progress: Record, sight: Record) -> Int:
    """Cross when late, or when the price is about to run away and crossing is cheap; pull when it is about to come;
    else rest, inside a wide spread."""
    spread = (sight.ask - sight.bid) / task.typical_spread
    against = pressure(policy.deep, task, sight)
    crossing = KEEP
    if overdue > policy.behind * task.slice:
        crossing = cross_about(overdue, task, progress)
    if crossing == KEEP and against >= policy.cross_at and spread <= policy.cross_spread and due > 0:
        crossing = cross_about(due, task, progress)
    if crossing != KEEP:
        return crossing
    if against <= policy.pull_below and overdue <= 0:
        return PULL if progress.live > 0 else KEEP
    wanted = max(float(due), policy.ahead * task.slice)
    if wanted <= 0.0:
        return KEEP
    return rest_about(wanted, spread >= policy.improve_spread, task, progress, sight)


@inline
def at_random(policy: Record, episode: Record) -> Int:
    """A legal action, each as likely: a function of the policy's seed, of the episode and of the step alone."""
    count = 0
    for action in range(ACTIONS):
        if legal(action, episode.task, episode.progress, episode.sight):
            count += 1
    key = hash64(policy.seed, episode.outcome.seed)
    rank = np.int64(to_unit(hash64(key, np.uint64(episode.step))) * count)
    for action in range(ACTIONS):
        if legal(action, episode.task, episode.progress, episode.sight):
            if rank == 0:
                return action
            rank -= 1
    return KEEP
