"""Bytes of framed ITCH messages to market events: the framing, the fields and the order table in one pass.

State between calls is all in arrays: `state` (int64, the indices below), the order table (`orders`), and by stock
locate `stocks` (name as a big-endian number, 0 unknown), `kept` (1 when its messages are wanted) and `faults`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from tickwright.core.events import Action, Flag, Side, TradingStatus
from tickwright.core.kernel import inline, kernel
from tickwright.core.units import DAY
from tickwright.data.itch import messages as spec
from tickwright.data.itch import orders
from tickwright.data.itch.words import u2, u4, u8

Int: TypeAlias = Any
Bool: TypeAlias = Any
Record: TypeAlias = Any
Rows: TypeAlias = Any

LOCATES = 1 << 16
MOST_ROWS = 3
"""Events of one message at most."""
MOST_SHARES = 2**31 - 1

# Indices of `state`.
MESSAGE_COUNT, LIVE, FIRST_TIME, LAST_TIME, BACKWARD, WRITTEN, TOLD, LEARNED, OTHER_STOCKS, OTHER_MARKETS = range(10)
N_STATE = 10
# Columns of `faults`.
UNKNOWN, OVER, DUPLICATE, ORPHAN, UNPRICED = range(5)
N_FAULTS = 5
# Why the kernel stopped.
MORE, FULL, GROW, END = range(4)
# ... at a message that cannot be.
(
    UNKNOWN_TYPE,
    WRONG_LENGTH,
    BAD_TIME,
    OTHER_STOCK,
    NO_STOCK,
    BAD_SIDE,
    BAD_SHARES,
    BAD_PRICE,
    BAD_PRINTABLE,
    BAD_STATE,
) = range(10, 20)

_LENGTHS = spec.LENGTHS
_STOCK_AT = spec.STOCK_AT


def _at(letter: str, *names: str) -> tuple[int, ...]:
    return tuple(spec.MESSAGES[letter].at(name) for name in names)


_LOCATE, _TIME = _at("S", "locate", "time")
_REFERENCE, _A_SIDE, _A_SHARES, _A_PRICE = _at("A", "reference", "side", "shares", "price")
_E_SHARES, _X_SHARES = *_at("E", "shares"), *_at("X", "shares")
_C_PRINTABLE, _C_PRICE = _at("C", "printable", "price")
_NEW_REFERENCE, _U_SHARES, _U_PRICE = _at("U", "new_reference", "shares", "price")
_Q_SHARES, _Q_PRICE = _at("Q", "shares", "price")
_H_STATE, _OP_MARKET, _OP_ACTION = *_at("H", "state"), *_at("h", "market", "action")

_A, _F, _E, _C, _X, _D, _U = (ord(letter) for letter in "AFECXDU")
_P, _Q, _H, _OP, _R, _S, _B, _V, _W = (ord(letter) for letter in "PQHhRSBVW")
_BUY, _SELL, _YES, _NO, _TRADING, _NASDAQ = (ord(letter) for letter in "BSYNTQ")

_ADD, _CANCEL, _EXECUTE, _FILL = int(Action.ADD), int(Action.CANCEL), int(Action.EXECUTE), int(Action.FILL)
_TRADE, _HIDDEN, _CROSS, _HALT = int(Action.TRADE), int(Action.HIDDEN), int(Action.CROSS), int(Action.HALT)
_BID, _ASK, _NONE = int(Side.BID), int(Side.ASK), int(Side.NONE)
_LAST, _DOUBT = int(Flag.LAST), int(Flag.MAYBE_BAD_BOOK)
_HALTED, _QUOTING, _OPEN = int(TradingStatus.HALTED), int(TradingStatus.QUOTING), int(TradingStatus.TRADING)
VENUE = 2  # NASDAQ, in Databento's numbering of publishers
_LIMIT = np.uint64(MOST_SHARES)
_SIX_BYTES = np.uint64(2**48 - 1)


@inline(borrow=True)
def _emit(
    out: Rows, locates: np.ndarray, k: Int, locate: Int, time: Int, sequence: Int, reference: Int, price: Int,
    size: Int, action: Int, side: Int, flags: Int,
) -> Int:  # fmt: skip
    row = out[k]
    row.ts_event = time
    row.ts_recv = time
    row.order_id = reference
    row.price = price
    row.size = size
    row.sequence = sequence
    row.venue_id = VENUE
    row.action = action
    row.side = side
    row.flags = flags
    locates[k] = locate
    return k + 1


@inline(borrow=True)
def _learn(
    stocks: np.ndarray, kept: np.ndarray, wanted: np.ndarray, learned: np.ndarray, state: np.ndarray,
    locate: Int, name: Int, message: Int,
) -> None:  # fmt: skip
    """The first message that names the stock of a locate."""
    stocks[locate] = name
    kept[locate] = wanted.shape[0] == 0
    for i in range(wanted.shape[0]):
        if wanted[i] == name:
            kept[locate] = 1
    learned[state[LEARNED], 0] = locate
    learned[state[LEARNED], 1] = message
    state[LEARNED] += 1


@inline(borrow=True)
def _status(data: np.ndarray, m: Int, kind: Int) -> Int:
    """TradingStatus of an H or h message, or -1."""
    letter = data[m + _H_STATE] if kind == _H else data[m + _OP_ACTION]
    if letter == _H or (kind == _H and letter == _P):
        return _HALTED
    if letter == _TRADING:
        return _OPEN
    if letter == _Q and kind == _H:
        return _QUOTING
    return -1


@inline(borrow=True)
def _shares_of(data: np.ndarray, m: Int, kind: Int) -> Int:
    """The shares that a message of an order or a trade states; 1 for the others, which state none."""
    if kind in (_A, _F, _P):
        return u4(data, m + _A_SHARES)
    if kind in (_E, _C):
        return u4(data, m + _E_SHARES)
    if kind == _X:
        return u4(data, m + _X_SHARES)
    if kind == _U:
        return u4(data, m + _U_SHARES)
    return np.int64(1)


@inline(borrow=True)
def _fault(data: np.ndarray, m: Int, kind: Int, size: Int) -> Int:
    """What cannot be in a message, whatever came before it: a stop reason, or MORE."""
    if not 0 < size <= MOST_SHARES:
        return BAD_SHARES
    if kind in (_A, _F, _P):
        if data[m + _A_SIDE] != _BUY and data[m + _A_SIDE] != _SELL:
            return BAD_SIDE
        if u4(data, m + _A_PRICE) == 0:
            return BAD_PRICE
    elif kind == _U:
        if u4(data, m + _U_PRICE) == 0:
            return BAD_PRICE
    elif kind == _C:
        if data[m + _C_PRINTABLE] != _YES and data[m + _C_PRINTABLE] != _NO:
            return BAD_PRINTABLE
        if u4(data, m + _C_PRICE) == 0:
            return BAD_PRICE
    elif kind == _Q:
        if u8(data, m + _Q_SHARES) > _LIMIT:
            return BAD_SHARES
    elif kind in (_H, _OP) and _status(data, m, kind) < 0:
        return BAD_STATE
    return MORE


@kernel(borrow=True)
def decode(
    data: np.ndarray, at: Int, midnight: Int, resting_side_told: Bool, cells: Rows, state: np.ndarray,
    stocks: np.ndarray, kept: np.ndarray, wanted: np.ndarray, learned: np.ndarray, faults: np.ndarray,
    kinds: np.ndarray, told: np.ndarray, out: Rows, locates: np.ndarray,
) -> tuple[Int, Int]:  # fmt: skip
    """Decode messages from byte `at` on: (position of the next one, why it stopped).

    MORE: `data` ends inside a message. FULL: `out` or `told` is; empty them. GROW: the order table is half full. END:
    a message of length zero, the end of the session. Any other reason: the message at the position cannot be.

    `wanted`: stocks to keep, none for all. `learned` (locate, message): locates named since it was emptied. `kinds`:
    messages by type. `told` (message, position): those that Python looks at. `out`: MARKET_EVENT with prices in
    ten-thousandths of a dollar and without instrument, of the stock in `locates`.
    """
    n = data.shape[0]
    written = state[WRITTEN]
    reason = MORE
    while at + 2 <= n:
        length = u2(data, at)
        if length == 0:
            reason = END
            break
        if at + 2 >= n:
            break
        m = at + 2
        kind = np.int64(data[m])
        if length != _LENGTHS[kind]:
            reason = UNKNOWN_TYPE if _LENGTHS[kind] == 0 else WRONG_LENGTH
            break
        if m + length > n:
            break
        if written + MOST_ROWS > out.shape[0] or state[TOLD] >= told.shape[0]:
            reason = FULL
            break
        locate = u2(data, m + _LOCATE)
        time = np.int64(u8(data, m + _TIME - 2) & _SIX_BYTES)
        if time >= DAY:
            reason = BAD_TIME
            break
        message = state[MESSAGE_COUNT] + 1
        stock_at = np.int64(_STOCK_AT[kind])
        order = kind in (_E, _D, _X, _U, _C)
        if stock_at > 0:
            name = u8(data, m + stock_at)
            if stocks[locate] == 0:
                if state[LEARNED] >= learned.shape[0]:
                    reason = FULL
                    break
                _learn(stocks, kept, wanted, learned, state, locate, name, message)
            if stocks[locate] != name:
                reason = OTHER_STOCK
                break
        elif order and stocks[locate] == 0:
            reason = NO_STOCK
            break
        size = _shares_of(data, m, kind)
        reason = _fault(data, m, kind, size)
        if reason != MORE:
            break
        adds = kind in (_A, _F, _U)
        if adds and 2 * (state[LIVE] + 1) > cells.shape[0]:
            reason = GROW
            break
        if message == 1:
            state[FIRST_TIME] = time
        state[BACKWARD] += time < state[LAST_TIME]
        state[LAST_TIME] = time
        state[MESSAGE_COUNT] = message
        ts = midnight + time
        at = m + length
        if at + 2 + _REFERENCE + 8 <= n:  # of the next message, if it has one: a wrong announcement does no harm
            orders.announce(cells, u8(data, at + 2 + _REFERENCE))
        if (stock_at > 0 or order) and kept[locate] == 0:
            state[OTHER_STOCKS] += 1
            continue
        kinds[kind] += 1
        if order:
            written = _change(data, m, kind, size, locate, ts, message, cells, state, faults, out, locates, written)
        elif kind in (_A, _F):
            reference = u8(data, m + _REFERENCE)
            price = u4(data, m + _A_PRICE)
            side = _BID if data[m + _A_SIDE] == _BUY else _ASK
            flags = _join(cells, state, faults, reference, locate, side, price, size)
            written = _emit(
                out, locates, written, locate, ts, message, reference, price, size, _ADD, side, flags | _LAST
            )
        elif kind == _P:
            side = _NONE
            if data[m + _A_SIDE] == _SELL:
                side = _BID
            elif resting_side_told:
                side = _ASK
            price = u4(data, m + _A_PRICE)
            written = _emit(out, locates, written, locate, ts, message, 0, price, size, _HIDDEN, side, _LAST)
        elif kind == _Q:
            price, size = u4(data, m + _Q_PRICE), np.int64(u8(data, m + _Q_SHARES))
            written = _emit(out, locates, written, locate, ts, message, 0, price, size, _CROSS, _NONE, _LAST)
        elif kind == _OP and data[m + _OP_MARKET] != _NASDAQ:
            state[OTHER_MARKETS] += 1
        elif kind in (_H, _OP):
            size = np.int64(_status(data, m, kind))
            written = _emit(out, locates, written, locate, ts, message, 0, 0, size, _HALT, _NONE, _LAST)
        if kind in (_R, _S, _B, _V, _W, _H, _OP):
            told[state[TOLD], 0] = message
            told[state[TOLD], 1] = m
            state[TOLD] += 1
    state[WRITTEN] = written
    return at, reason


@inline(borrow=True)
def _join(
    cells: Rows, state: np.ndarray, faults: np.ndarray, reference: Int, locate: Int, side: Int, price: Int, shares: Int
) -> Int:
    """An order enters the table; flags of its event. One whose reference still lives stays out, as it does of books."""
    place = orders.find(cells, reference)
    if cells[place].shares != 0:
        faults[locate, DUPLICATE] += 1
        return _DOUBT
    orders.put(cells, place, reference, locate, side, price, shares)
    state[LIVE] += 1
    return 0


@inline(borrow=True)
def _change(
    data: np.ndarray, m: Int, kind: Int, size: Int, locate: Int, ts: Int, message: Int, cells: Rows,
    state: np.ndarray, faults: np.ndarray, out: Rows, locates: np.ndarray, k: Int,
) -> Int:  # fmt: skip
    """E, C, X, D or U; rows written so far.

    Of an unknown reference nothing is known but the shares stated: a CANCEL without price and side, so that a book
    counts it too and no print at a made-up price arises; of one lot where the message states none.
    """
    reference = u8(data, m + _REFERENCE)
    place = orders.find(cells, reference)
    left = np.int64(cells[place].shares)
    if left == 0 or cells[place].locate != locate:
        faults[locate, UNKNOWN] += 1
        faults[locate, ORPHAN] += kind == _U
        faults[locate, UNPRICED] += size if kind == _E else 0
        if kind == _C and data[m + _C_PRINTABLE] == _YES:
            price = u4(data, m + _C_PRICE)
            k = _emit(out, locates, k, locate, ts, message, reference, price, size, _TRADE, _NONE, _DOUBT)
        lots = size if kind in (_E, _C, _X) else np.int64(1)
        return _emit(out, locates, k, locate, ts, message, reference, 0, lots, _CANCEL, _NONE, _LAST | _DOUBT)
    side, price = np.int64(cells[place].side), np.int64(cells[place].price)
    if kind in (_D, _U):
        orders.remove(cells, place)
        state[LIVE] -= 1
        last = _LAST if kind == _D else 0
        k = _emit(out, locates, k, locate, ts, message, reference, price, left, _CANCEL, side, last)
        if kind == _U:
            reference = u8(data, m + _NEW_REFERENCE)
            price = u4(data, m + _U_PRICE)
            flags = _join(cells, state, faults, reference, locate, side, price, size)
            k = _emit(out, locates, k, locate, ts, message, reference, price, size, _ADD, side, flags | _LAST)
        return k
    flags = np.int64(0)
    if size > left:
        faults[locate, OVER] += 1
        flags = np.int64(_DOUBT)
    if size >= left:
        orders.remove(cells, place)
        state[LIVE] -= 1
    else:
        cells[place].shares = left - size
    action = _CANCEL if kind == _X else _EXECUTE
    if kind == _C:
        printable = data[m + _C_PRINTABLE] == _YES
        paid = u4(data, m + _C_PRICE)
        if not printable or paid != price:
            if printable:
                aggressor = _ASK if side == _BID else _BID
                k = _emit(out, locates, k, locate, ts, message, reference, paid, size, _TRADE, aggressor, flags)
            k = _emit(out, locates, k, locate, ts, message, reference, price, size, _FILL, side, flags)
            action = _CANCEL
    return _emit(out, locates, k, locate, ts, message, reference, price, size, action, side, flags | _LAST)
