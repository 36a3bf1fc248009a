"""One step of an episode with its costs taken apart: `learn.episode.take_step`, and sums on the way, compiled.

Amounts are in half ticks times lots, so every one of them is a whole number and their sum is exact:

    paid for takes   = half-spread seen at the decision + what was paid beyond it
    paid at rest     = minus the half-spread seen at the decision + what the mid at the step's end makes of it
    held             = lots not yet done as the mid moves on: what is left, without what the decision took

The last decides, with the mids of the same seed without us, what our own trades moved and what the market did anyway
(`learn.benchmark.play`). The crossing at the deadline is a step of its own: its mid and spread are those just before.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.layout import Int, Record, Rows
from tickwright.core.kernel import inline, kernel
from tickwright.learn.episode import account_for, act, finish, heard, late
from tickwright.learn.layout import ACCOUNT, End
from tickwright.learn.seen import show
from tickwright.venue.sim.reactive.laws import run_events

_RUNNING = int(End.RUNNING)

TALLY = np.dtype(
    [
        ("spread", "<i8"),  # half ticks x lots: half-spreads paid less those earned
        ("adverse", "<i8"),  # fills at rest: what the mid at the step's end says of them, beyond the half-spread
        ("beyond", "<i8"),  # takes: what was paid beyond the half-spread
        ("unpaired", "<i8"),  # held lots times the move of the mid, all steps
    ]
)
"""Sums of one episode."""


@inline(borrow=True)
def _gap(seen: Record) -> Int:
    """The spread of a sight or a memory, which is two half-spreads: half ticks of one."""
    return np.int64(seen.ask - seen.bid)


@inline(borrow=True)
def _twice_mid(episode: Record) -> Int:
    return np.int64(round(2.0 * episode.mid))


@inline(borrow=True)
def _seen(episode: Record) -> Int:
    """Twice the mid that is seen; the last one while a side is empty."""
    if episode.sight.quoted == 1:
        return np.int64(episode.sight.bid + episode.sight.ask)
    return _twice_mid(episode)


@inline(borrow=True)
def _paid(account: Record, cash: Int) -> Int:
    """What left the account since it held so much, half ticks times lots: s Σ q p."""
    return 2 * (cash - np.int64(account.cash))


@inline(borrow=True)
def tallied_step(
    market: Record, param: Record, settings: Record, episode: Record, reference: Record, action: Int, tally: Record,
    mids: np.ndarray, held: np.ndarray, rows: Rows,
) -> None:  # fmt: skip
    """As `take_step`; besides, the sums, `mids[step + 1]` and `held[step]`: signed lots."""
    account = market.accounts[ACCOUNT]  # the memory has the touch as it was seen, wherever the policy aims
    side, gap, before = np.int64(episode.task.side), _gap(episode.recall), _twice_mid(episode)
    at, left, walk = np.int64(episode.step), np.int64(episode.progress.remaining), market.walk
    action, lag = heard(settings, episode, reference, action)
    cash, made = np.int64(account.cash), np.int64(account.made)
    run_events(market, param, lag, rows)
    at_rest = _paid(account, cash)
    cash, taken = np.int64(account.cash), np.int64(account.taken)
    act(market, param, settings, episode, action, rows)
    by_taking, taken = _paid(account, cash), np.int64(account.taken) - taken
    cash = np.int64(account.cash)
    run_events(market, param, settings.messages - lag, rows)
    at_rest += _paid(account, cash)
    made = np.int64(account.made) - made
    cross = late(market, settings, episode, reference)
    after = _seen(episode)
    tally.spread += gap * (taken - made)
    tally.beyond += by_taking - side * taken * before - gap * taken
    tally.adverse += at_rest - side * made * after + gap * made
    held[at] = side * (left - taken)
    tally.unpaired += held[at] * (after - before)
    mids[at + 1] = after
    if cross:
        gap, rest = _gap(episode.sight), np.int64(episode.progress.remaining)
        cash = np.int64(account.cash)
        finish(market, param, settings, episode, reference, rows)
        forced = np.int64(episode.outcome.forced)
        tally.spread += gap * forced
        tally.beyond += _paid(account, cash) - side * forced * after - gap * forced
        held[at + 1] = side * (rest - forced)
        mids[at + 2] = _seen(episode)
        tally.unpaired += held[at + 1] * (mids[at + 2] - after)
    account_for(market, param, settings, episode, reference, side * left, walk)


@kernel(borrow=True)
def tallied_rows(
    markets: Rows, episodes: Rows, first: Int, last: Int, params: Rows, settings: Rows, references: Rows,
    actions: np.ndarray, observations: np.ndarray, masks: np.ndarray, tallies: Rows, mids: np.ndarray,
    held: np.ndarray, rows: Rows,
) -> None:  # fmt: skip
    """One step in each of the rows first to last - 1 that has not ended. `mids` and `held` are int64 (K, steps + 2)."""
    for k in range(first, last):
        episode = episodes[k]
        if episode.outcome.end != _RUNNING:
            episode.news = 0.0
            continue
        tallied_step(
            markets[k], params[episode.params], settings[0], episode, references[episode.params], actions[k],
            tallies[k], mids[k], held[k], rows,
        )  # fmt: skip
        show(episode, observations[k], masks[k])
        if episode.outcome.end != _RUNNING:
            episodes[k].last = episode.outcome
