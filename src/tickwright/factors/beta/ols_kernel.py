"""Market beta over the last W slots, in constant time a slot, with no subtraction and so without drift.

The slots are cut into tiles of B ≈ √W at absolute multiples of B. A window is then a suffix of its oldest tile, whole
tiles, and a prefix of the newest; each is one aggregate (n, x̄, ȳ, Sxx, Sxy, Syy), merged pairwise in an order that
depends on slots alone, so that the result is a function of the window and of nothing before it. Nothing waits for an
edge: a slot adds one point to the prefix and one to the suffixes that the next tile will need, and folds two whole
tiles into the middle that it will need.

A missing slot is a point of weight 0, which leaves an aggregate as it is, to the bit.

Source of the merge: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
variances", 1979.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, TypeAlias

from tickwright.core.kernel import inline
from tickwright.core.layout import F8, I8
from tickwright.factors.beta.window import WindowConfig, clipped, fit, judged, missing_market, paired

Aggregate: TypeAlias = Any
"""Six numbers: n, x̄, ȳ, Sxx, Sxy, Syy."""
_POINT, _SIX = 4, 6
"""Numbers of a stored pair (x, y, weight, slots to the next pair), and of an aggregate."""


@dataclass(frozen=True, slots=True)
class OlsState:
    """Where the newest and the oldest slot of the window stand in the ring, and the prefix of the newest tile."""

    begun: I8
    tile: I8
    tiles: I8
    newest: I8
    newest_at: I8
    """Tile, and place in it."""
    oldest: I8
    oldest_at: I8
    folded: I8
    """The tile that is next to be folded."""
    turn: I8
    """Which of the two rows of suffixes is in use."""
    nonzero: I8
    held: I8
    """Pairs in the window."""
    last: I8
    """Ring place of the newest of them."""
    span: I8
    """Slots from the first pair to this one, both counted."""
    stale: I8
    n: F8
    mx: F8
    my: F8
    sxx: F8
    sxy: F8
    syy: F8


def tile_of(window: int) -> int:
    """Slots of a tile: about √W, a third of W at most, so that the tile after the oldest is always whole."""
    return max(1, min(round(sqrt(window)), window // 3))


def ring_of(config: WindowConfig) -> int:
    """Numbers in the ring: pairs, whole tiles, two rows of suffixes, the middle and the middle to come."""
    tile = tile_of(config.window)
    tiles = config.window // tile + 2
    size: int = tiles * tile * _POINT + tiles * _SIX + 2 * tile * _SIX + 2 * _SIX
    return size


@inline(borrow=True)
def _merge(a: Aggregate, b: Aggregate) -> Aggregate:
    n = a[0] + b[0]
    part = b[0] / max(n, 1.0)
    dx, dy = b[1] - a[1], b[2] - a[2]
    both = a[0] * part
    return (
        n, a[1] + dx * part, a[2] + dy * part,
        a[3] + b[3] + dx * dx * both, a[4] + b[4] + dx * dy * both, a[5] + b[5] + dy * dy * both,
    )  # fmt: skip


@inline(borrow=True)
def _add(a: Aggregate, x: float, y: float, weight: float) -> Aggregate:
    n = a[0] + weight
    part = weight / max(n, 1.0)
    dx, dy = x - a[1], y - a[2]
    both = a[0] * part
    return n, a[1] + dx * part, a[2] + dy * part, a[3] + dx * dx * both, a[4] + dx * dy * both, a[5] + dy * dy * both


@inline(borrow=True)
def _load(ring: Any, at: int) -> Aggregate:
    return ring[at], ring[at + 1], ring[at + 2], ring[at + 3], ring[at + 4], ring[at + 5]


@inline(borrow=True)
def _store(ring: Any, at: int, a: Aggregate) -> None:
    ring[at], ring[at + 1], ring[at + 2], ring[at + 3], ring[at + 4], ring[at + 5] = a


@inline(borrow=True)
def _begin(config: Any, state: Any, slot: int) -> None:
    """A window of missing slots that ends before `slot`: all sums are zero, only places are set."""
    window = config.window
    state.begun = 1
    state.tile = max(1, min(round(sqrt(window)), window // 3))
    state.tiles = window // state.tile + 2
    # The slot before, so that the step that every slot makes leads to this one.
    state.newest, state.newest_at = ((slot - 1) // state.tile) % state.tiles, (slot - 1) % state.tile
    oldest = slot - window
    state.oldest, state.oldest_at = (oldest // state.tile) % state.tiles, oldest % state.tile
    state.folded = state.newest


@inline(borrow=True)
def _let_go(state: Any, ring: Any) -> None:
    """The oldest slot leaves the counts of the window."""
    at = (state.oldest * state.tile + state.oldest_at) * _POINT
    if ring[at + 2] != 0.0:
        state.nonzero -= ring[at] != 0.0
        state.held -= 1
        state.span = state.span - int(ring[at + 3]) if state.held > 0 else 0


@inline(borrow=True)
def _take_in(state: Any, ring: Any, x: float, y: float, weight: float) -> None:
    """The newest slot enters the ring and the counts."""
    place = state.newest * state.tile + state.newest_at
    at = place * _POINT
    ring[at], ring[at + 1], ring[at + 2], ring[at + 3] = x, y, weight, 0.0
    if state.held > 0:
        state.span += 1
    if weight != 0.0:
        if state.held > 0:
            size = state.tile * state.tiles
            ring[state.last * _POINT + 3] = (place - state.last + size) % size
        else:
            state.span = 1
        state.last = place
        state.nonzero += x != 0.0
        state.held += 1


@inline(borrow=True)
def update(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """One slot: the pair in, the oldest out, the row of the window. `x` has the ports `asset` and `market`."""
    if state.begun == 0:
        _begin(config, state, x.slot)
    tile, tiles = state.tile, state.tiles
    whole = tile * tiles * _POINT
    suffixes = whole + tiles * _SIX
    middle = suffixes + 2 * tile * _SIX
    coming = middle + _SIX

    _let_go(state, ring)
    grown = state.newest_at + 1 == tile
    prefix = (state.n, state.mx, state.my, state.sxx, state.sxy, state.syy)
    state.newest_at += 1
    if grown:
        _store(ring, whole + state.newest * _SIX, prefix)
        prefix = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        state.newest_at = 0
        state.newest = state.newest + 1 if state.newest + 1 < tiles else 0
    state.oldest_at += 1
    if state.oldest_at == tile:
        state.oldest_at = 0
        state.oldest = state.oldest + 1 if state.oldest + 1 < tiles else 0
        ahead = _load(ring, coming)
        while state.folded != state.newest:
            ahead = _merge(ahead, _load(ring, whole + state.folded * _SIX))
            state.folded = state.folded + 1 if state.folded + 1 < tiles else 0
        _store(ring, middle, ahead)
        _store(ring, coming, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
        state.folded = (state.oldest + 2) % tiles
        state.turn = 1 - state.turn
    elif grown:
        last = state.newest - 1 if state.newest > 0 else tiles - 1
        _store(ring, middle, _merge(_load(ring, middle), _load(ring, whole + last * _SIX)))
    for _ in range(2):
        if state.folded != state.newest:
            ahead = _merge(_load(ring, coming), _load(ring, whole + state.folded * _SIX))
            _store(ring, coming, ahead)
            state.folded = state.folded + 1 if state.folded + 1 < tiles else 0

    # One suffix of the tile that is the oldest next.
    to_come = suffixes + (1 - state.turn) * tile * _SIX
    place = tile - 1 - state.oldest_at
    after = state.oldest + 1 if state.oldest + 1 < tiles else 0
    at = (after * tile + place) * _POINT
    behind = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    if place + 1 < tile:
        behind = _load(ring, to_come + (place + 1) * _SIX)
    _store(ring, to_come + place * _SIX, _add(behind, ring[at], ring[at + 1], ring[at + 2]))

    weight, rx, ry = 0.0, 0.0, 0.0
    if paired(x):
        weight, rx, ry = 1.0, clipped(x.market.value, config.winsor), clipped(x.asset.value, config.winsor)
    _take_in(state, ring, rx, ry, weight)
    prefix = _add(prefix, rx, ry, weight)
    state.n, state.mx, state.my, state.sxx, state.sxy, state.syy = prefix

    suffix = _load(ring, suffixes + (state.turn * tile + state.oldest_at) * _SIX)
    n, mx, my, sxx, sxy, syy = _merge(_merge(suffix, _load(ring, middle)), prefix)
    out.n_obs = int(n)
    out.n_missing = config.window - int(n)
    out.span = state.span
    if judged(config, missing_market(config, state, x), x, out, n, state.nonzero):
        fit(config, out, n, mx, my, sxx, sxy, syy, n)
