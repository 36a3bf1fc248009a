"""Market beta over the last W slots, in constant time a slot, with no subtraction and so without drift.

The slots are cut into tiles of B ≈ √W at absolute multiples of B. A window is then a suffix of its oldest tile, whole
tiles, and a prefix of the newest; each is one aggregate (n, x̄, ȳ, Sxx, Sxy, Syy), merged pairwise in an order that
depends on slots alone, so that the result is a function of the window and of nothing before it. Nothing waits for an
edge: a slot adds one point to the prefix and one to the suffixes that the next tile will need, and folds two whole
tiles into the middle that it will need.

A missing slot is a point of weight 0, which leaves an aggregate as it is, to the bit. Where tiles begin and end follows
from slots alone, so that eight instruments take every step together, a lane each (`core.lanes`).

Source of the merge: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
variances", 1979.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, TypeAlias

from tickwright.core.kernel import inline
from tickwright.core.lanes import WIDTH, chosen, every, fetch_behind, lanes_of, larger, load, root, smaller, store
from tickwright.core.layout import I8
from tickwright.factors.beta.window import OK, ZERO_VARIANCE, WindowConfig, clipped, judged, paired, refuse

Lanes: TypeAlias = Any
"""A number of each of eight instruments."""
Aggregate: TypeAlias = Any
"""Six of them: n, x̄, ȳ, Sxx, Sxy, Syy."""
_POINT, _SIX = 3, 6
"""Places of a stored pair (x, y, and 1 + the slots to the next pair or 0 where there is none), and of an aggregate; a
place holds eight numbers."""
_HELD, _NONZERO, _LAST, _SPAN, _STALE = range(5)
"""Places of what is counted: pairs in the window, moves of the market, the place in the ring of the newest pair, slots
from the first pair to this one, slots in a row without a market."""
_N, _SLOPE, _ERROR, _R2, _MOVED = range(5, 10)
"""Places of the figures of a slot; whether both moved enough, 1 or 0."""
_COUNTED = 10


@dataclass(frozen=True, slots=True)
class OlsState:
    """Where the newest and the oldest slot of the window stand in the ring."""

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
    """Whether the suffixes of the oldest tile lie the longest last."""


def tile_of(window: int) -> int:
    """Slots of a tile: about √W, a third of W at most, so that the tile after the oldest is always whole."""
    return max(1, min(round(sqrt(window)), window // 3))


def ring_of(config: WindowConfig) -> int:
    """Places in the ring: counts, prefix, the middle, the middle to come, pairs, whole tiles, suffixes."""
    tile = tile_of(config.window)
    tiles = config.window // tile + 2
    size: int = _COUNTED + 3 * _SIX + tiles * tile * _POINT + tiles * _SIX + tile * _SIX
    return size


@inline(borrow=True)
def _nothing() -> Aggregate:
    zero = every(0.0)
    return zero, zero, zero, zero, zero, zero


@inline(borrow=True)
def _merge(a: Aggregate, b: Aggregate) -> Aggregate:
    n = a[0] + b[0]
    part = b[0] / larger(n, every(1.0))
    dx, dy = b[1] - a[1], b[2] - a[2]
    both = a[0] * part
    return (
        n, a[1] + dx * part, a[2] + dy * part,
        a[3] + b[3] + dx * dx * both, a[4] + b[4] + dx * dy * both, a[5] + b[5] + dy * dy * both,
    )  # fmt: skip


@inline(borrow=True)
def _get(ring: Any, place: int) -> Lanes:
    return load(ring, place * WIDTH)


@inline(borrow=True)
def _put(ring: Any, place: int, value: Lanes) -> None:
    store(ring, place * WIDTH, value)


@inline(borrow=True)
def _load(ring: Any, at: int) -> Aggregate:
    return (
        _get(ring, at), _get(ring, at + 1), _get(ring, at + 2), _get(ring, at + 3), _get(ring, at + 4),
        _get(ring, at + 5),
    )  # fmt: skip


@inline(borrow=True)
def _with(a: Aggregate, ring: Any, at: int) -> Aggregate:
    """An aggregate and the pair at a place."""
    x, y, weight = _get(ring, at), _get(ring, at + 1), chosen(_get(ring, at + 2), every(1.0), every(0.0))
    n = a[0] + weight
    part = weight / larger(n, every(1.0))
    dx, dy = x - a[1], y - a[2]
    both = a[0] * part
    return n, a[1] + dx * part, a[2] + dy * part, a[3] + dx * dx * both, a[4] + dx * dy * both, a[5] + dy * dy * both


@inline(borrow=True)
def _store(ring: Any, at: int, a: Aggregate) -> None:
    _put(ring, at, a[0])
    _put(ring, at + 1, a[1])
    _put(ring, at + 2, a[2])
    _put(ring, at + 3, a[3])
    _put(ring, at + 4, a[4])
    _put(ring, at + 5, a[5])


@inline(borrow=True)
def _fetch(ring: Any, at: int, count: int) -> None:
    """What stands at these places of the next eight, who are at the same slot: memory is slower than arithmetic."""
    for k in range(count):
        fetch_behind(ring, (at + k) * WIDTH)


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
def _let_go(ring: Any, at: int) -> None:
    """The oldest slot leaves the counts of the window."""
    zero, one = every(0.0), every(1.0)
    gap = _get(ring, at + 2)
    weight = chosen(gap, one, zero)
    held = _get(ring, _HELD) - weight
    _put(ring, _HELD, held)
    _put(ring, _NONZERO, _get(ring, _NONZERO) - chosen(_get(ring, at), one, zero))
    _put(ring, _SPAN, chosen(held, _get(ring, _SPAN) - (gap - weight), zero))


@inline(borrow=True)
def _weight(x: Any, lane: int) -> float:
    """1 where the lane has a row, and that a pair."""
    return 1.0 if lane < len(x) and paired(x[lane]) else 0.0


@inline(borrow=True)
def _market(config: Any, x: Any, lane: int) -> float:
    """Of the last row where the lane has none: its weight is 0."""
    return clipped(x[min(lane, len(x) - 1)].market.value, config.winsor)


@inline(borrow=True)
def _asset(config: Any, x: Any, lane: int) -> float:
    return clipped(x[min(lane, len(x) - 1)].asset.value, config.winsor)


@inline(borrow=True)
def _take_in(config: Any, ring: Any, pairs: int, place: int, size: int, x: Any) -> None:
    """The newest slot enters the ring, at a place of `size`, and the counts."""
    at = pairs + place * _POINT
    zero, one = every(0.0), every(1.0)
    weight = lanes_of(
        _weight(x, 0), _weight(x, 1), _weight(x, 2), _weight(x, 3),
        _weight(x, 4), _weight(x, 5), _weight(x, 6), _weight(x, 7),
    )  # fmt: skip
    market = lanes_of(
        _market(config, x, 0), _market(config, x, 1), _market(config, x, 2), _market(config, x, 3),
        _market(config, x, 4), _market(config, x, 5), _market(config, x, 6), _market(config, x, 7),
    )  # fmt: skip
    asset = lanes_of(
        _asset(config, x, 0), _asset(config, x, 1), _asset(config, x, 2), _asset(config, x, 3),
        _asset(config, x, 4), _asset(config, x, 5), _asset(config, x, 6), _asset(config, x, 7),
    )  # fmt: skip
    market = chosen(weight, market, zero)
    _put(ring, at, market)
    _put(ring, at + 1, chosen(weight, asset, zero))
    _put(ring, at + 2, weight)
    for lane in range(len(x)):
        if ring[(at + 2) * WIDTH + lane] > 0.0 and ring[_HELD * WIDTH + lane] > 0.0:
            last = int(ring[_LAST * WIDTH + lane])
            passed = place - last if place > last else place - last + size
            ring[(pairs + last * _POINT + 2) * WIDTH + lane] = 1.0 + passed
    _put(ring, _LAST, chosen(weight, every(float(place)), _get(ring, _LAST)))
    held = _get(ring, _HELD)
    _put(ring, _SPAN, chosen(held, _get(ring, _SPAN) + one, weight))
    _put(ring, _HELD, held + weight)
    _put(ring, _NONZERO, _get(ring, _NONZERO) + chosen(market, one, zero))


@inline(borrow=True)
def _fit(config: Any, ring: Any, a: Aggregate) -> None:
    """As `window.fit`, of eight: the figures, and whether they are any."""
    n, mx, my, sxx, sxy, syy = a
    parameters = 2.0
    if config.intercept == 0:
        parameters = 1.0
        sxx, sxy, syy = sxx + n * mx * mx, sxy + n * mx * my, syy + n * my * my
    floor, zero, one = every(config.var_floor) * n, every(0.0), every(1.0)
    slope = sxy / sxx
    residual = larger(syy - slope * sxy, zero)
    _put(ring, _N, n)
    _put(ring, _SLOPE, slope)
    _put(ring, _ERROR, root(residual / ((n - every(parameters)) * sxx)))
    _put(ring, _R2, smaller(slope * sxy / syy, one))
    # Above the floor is what is larger than it and not it.
    _put(ring, _MOVED, chosen(larger(sxx, floor) - floor, chosen(larger(syy, floor) - floor, one, zero), zero))


@inline(borrow=True)
def _tell(config: Any, ring: Any, x: Any, out: Any) -> None:
    """The rows of eight instruments."""
    for lane in range(len(x)):
        row, made = x[lane], out[lane]
        stale = 0.0 if row.market.status == OK else ring[_STALE * WIDTH + lane] + 1.0
        ring[_STALE * WIDTH + lane] = stale
        n = int(ring[_N * WIDTH + lane])
        made.n_obs = n
        made.n_missing = config.window - n
        made.span = int(ring[_SPAN * WIDTH + lane])
        if judged(config, stale > config.stale, row, made, n, ring[_NONZERO * WIDTH + lane]):
            if ring[_MOVED * WIDTH + lane] == 0.0:
                refuse(made, ZERO_VARIANCE)
            else:
                made.value = ring[_SLOPE * WIDTH + lane]
                made.stderr = ring[_ERROR * WIDTH + lane]
                made.r2 = ring[_R2 * WIDTH + lane]
                made.status = OK


@inline(borrow=True)
def update(config: Any, state: Any, ring: Any, x: Any, out: Any) -> None:
    """One slot of eight: the pairs in, the oldest out, the rows. Each of `x` has the ports `asset` and `market`."""
    if state.begun == 0:
        _begin(config, state, x[0].slot)
    tile, tiles = state.tile, state.tiles
    begun = _COUNTED
    middle = begun + _SIX
    coming = middle + _SIX
    pairs = coming + _SIX
    whole = pairs + tile * tiles * _POINT
    suffixes = whole + tiles * _SIX

    _fetch(ring, 0, pairs)
    _fetch(ring, pairs + (state.oldest * tile + state.oldest_at) * _POINT, _POINT)
    _let_go(ring, pairs + (state.oldest * tile + state.oldest_at) * _POINT)
    grown = state.newest_at + 1 == tile
    prefix = _load(ring, begun)
    state.newest_at += 1
    if grown:
        _store(ring, whole + state.newest * _SIX, prefix)
        prefix = _nothing()
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
        _store(ring, coming, _nothing())
        state.folded = (state.oldest + 2) % tiles
        state.turn = 1 - state.turn
    elif grown:
        last = state.newest - 1 if state.newest > 0 else tiles - 1
        _store(ring, middle, _merge(_load(ring, middle), _load(ring, whole + last * _SIX)))
    for _ in range(2):
        _fetch(ring, whole + state.folded * _SIX, _SIX)
        if state.folded != state.newest:
            ahead = _merge(_load(ring, coming), _load(ring, whole + state.folded * _SIX))
            _store(ring, coming, ahead)
            state.folded = state.folded + 1 if state.folded + 1 < tiles else 0

    # The suffix that is needed now makes room for one of the tile that is the oldest next: in one row, of which the
    # one tile is read as the other is written, the suffixes of every second tile lie the other way round.
    at = suffixes + (tile - 1 - state.oldest_at if state.turn else state.oldest_at) * _SIX
    _fetch(ring, at, _SIX)
    suffix, behind = _load(ring, at), _nothing()
    if state.oldest_at > 0:
        behind = _load(ring, at + _SIX if state.turn else at - _SIX)
    after = state.oldest + 1 if state.oldest + 1 < tiles else 0
    to_come = pairs + (after * tile + tile - 1 - state.oldest_at) * _POINT
    _fetch(ring, to_come, _POINT)
    _store(ring, at, _with(behind, ring, to_come))

    here = state.newest * tile + state.newest_at
    at = pairs + here * _POINT
    _fetch(ring, at, _POINT)
    _take_in(config, ring, pairs, here, tile * tiles, x)
    prefix = _with(prefix, ring, at)
    _store(ring, begun, prefix)
    _fit(config, ring, _merge(_merge(suffix, _load(ring, middle)), prefix))
    _tell(config, ring, x, out)
