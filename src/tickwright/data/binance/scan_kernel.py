"""The kernel that reads a block of raw lines: the messages as Binance writes them, without a space between their parts.

What it takes, it takes whole and exact; every other line is marked SLOW and left to `message.parse`, which knows JSON
and refuses what is wrong. A block ends with a line end, and no literal holds one, so that a scan that stops at the
first unexpected byte never leaves the block.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from tickwright.core.kernel import inline, kernel
from tickwright.data.binance import message

Int: TypeAlias = Any
Record: TypeAlias = Any

_DEPTH, _TRADE, _QUOTE, _SNAPSHOT, _SLOW = (
    message.DEPTH, message.TRADE, message.QUOTE, message.SNAPSHOT, message.SLOW
)  # fmt: skip
_NO_KIND = 255
_LAST_MS, _LAST_US, _FIRST_US = message.LAST_MS, message.LAST_US, message.FIRST_US
_MOST_ID = 10**17
_MOST_DIGITS = 18
_MOST = 2**63 - 1
_OPEN, _CLOSE, _QUOTE_MARK, _COMMA, _LINE_END = ord("{"), ord("}"), ord('"'), ord(","), ord("\n")
_ARRAY, _ARRAY_END, _DOT, _ZERO, _NINE = ord("["), ord("]"), ord("."), ord("0"), ord("9")
_SPACE, _AT, _BACKSLASH, _COLON = ord(" "), ord("@"), ord("\\"), ord(":")


def _text(word: str) -> np.ndarray:
    return np.frombuffer(word.encode(), np.uint8)


_STREAM, _DATA = _text('{"stream":"'), _text(',"data":')
_W_DEPTH, _W_TRADE, _W_QUOTE = _text('depthUpdate"'), _text('trade"'), _text('bookTicker"')
_S_DEPTH = _text("depth")
_MARKET, _TRUE, _FALSE = _text('"MARKET"'), _text("true"), _text("false")
_ID, _BIDS, _ASKS = _text('{"lastUpdateId":'), _text(',"bids":'), _text(',"asks":')
_SNAP_E, _SNAP_T = _text(',"E":'), _text(',"T":')

# What has been seen of an object, a bit a key; `b` and `a` are levels in one message and prices in another.
_E, _T, _S, _U, _u, _PU, _BL, _AL, _BP, _AP, _B, _A, _t, _P, _Q, _M, _X, _MM, _e = (1 << i for i in range(19))
_NEED_DEPTH = _E | _S | _U | _u | _BL | _AL
_NEED_TRADE = _E | _T | _S | _t | _P | _Q | _M
_NEED_QUOTE = _S | _u | _BP | _B | _AP | _A


@inline
def _word(data: np.ndarray, i: Int, word: np.ndarray) -> Int:
    """Position behind a literal, or -1."""
    for k in range(word.size):
        if data[i + k] != word[k]:
            return -1
    return i + word.size


@inline
def _whole(data: np.ndarray, i: Int) -> tuple[Int, Int]:
    """(value, position behind) of a whole number as JSON writes it; position -1 when it is none or too large."""
    value = np.int64(0)
    begin = i
    digit = data[i]
    while _ZERO <= digit <= _NINE:
        if value >= _MOST_ID:
            return value, -1
        value = value * 10 + (np.int64(digit) - _ZERO)
        i += 1
        digit = data[i]
    if i == begin or (data[begin] == _ZERO and i > begin + 1):
        return value, -1
    return value, i


@inline
def _decimal(data: np.ndarray, i: Int) -> tuple[Int, Int, Int]:
    """(mantissa, decimals, position behind) of a decimal in quotes, without zeros at its end; position -1 if none."""
    mantissa = np.int64(0)
    if data[i] != _QUOTE_MARK:
        return mantissa, 0, -1
    i += 1
    begin = i
    digit = data[i]
    while _ZERO <= digit <= _NINE:
        mantissa = mantissa * 10 + (np.int64(digit) - _ZERO)
        i += 1
        digit = data[i]
    if i == begin:
        return mantissa, 0, -1
    point = end = i
    if digit == _DOT:
        written = mantissa  # with the zeros seen since the last other digit
        i += 1
        digit = data[i]
        while _ZERO <= digit <= _NINE:
            written = written * 10 + (np.int64(digit) - _ZERO)
            if digit != _ZERO:
                mantissa, end = written, i
            i += 1
            digit = data[i]
        if i == point + 1:
            return mantissa, 0, -1
    # So many digits cannot leave 64 bits; what has more is left, whatever has become of the mantissa.
    if data[i] != _QUOTE_MARK or end - begin > _MOST_DIGITS:
        return mantissa, 0, -1
    return mantissa, end - point, i + 1


@inline
def _levels(
    data: np.ndarray,
    i: Int,
    price: np.ndarray,
    price_decimals: np.ndarray,
    size: np.ndarray,
    size_decimals: np.ndarray,
    n: Int,
) -> tuple[Int, Int]:
    """(position behind, levels in all) of an array of ["price","size"]; position -1 when it is none."""
    if data[i] != _ARRAY:
        return -1, n
    i += 1
    if data[i] == _ARRAY_END:
        return i + 1, n
    while True:
        if data[i] != _ARRAY:
            return -1, n
        price[n], price_decimals[n], i = _decimal(data, i + 1)
        if i < 0 or data[i] != _COMMA:
            return -1, n
        size[n], size_decimals[n], i = _decimal(data, i + 1)
        if i < 0 or data[i] != _ARRAY_END:
            return -1, n
        n += 1
        i += 1
        if data[i] == _ARRAY_END:
            return i + 1, n
        if data[i] != _COMMA:
            return -1, n
        i += 1


@inline
def _nanos(time: Int) -> Int:
    """Milliseconds or microseconds as nanoseconds; -1 when they do not fit."""
    if time <= _LAST_MS:
        return time * 1_000_000
    if _FIRST_US <= time <= _LAST_US:
        return time * 1_000
    return -1


@inline
def _stream(data: np.ndarray, i: Int) -> tuple[Int, Int]:
    """(kind that a stream's name stands for, position behind its closing quote); position -1 for one that is left."""
    while data[i] != _AT:
        if data[i] <= _SPACE or data[i] >= 127 or data[i] == _QUOTE_MARK or data[i] == _BACKSLASH:
            return _NO_KIND, -1
        i += 1
    i += 1
    behind = _word(data, i, _W_TRADE)
    if behind > 0:
        return _TRADE, behind
    behind = _word(data, i, _W_QUOTE)
    if behind > 0:
        return _QUOTE, behind
    i = _word(data, i, _S_DEPTH)
    if i < 0 or (data[i] != _QUOTE_MARK and data[i] != _AT):
        return _NO_KIND, -1
    while data[i] != _QUOTE_MARK:
        if data[i] <= _SPACE or data[i] >= 127 or data[i] == _BACKSLASH:
            return _NO_KIND, -1
        i += 1
    return _DEPTH, i + 1


@inline
def _snapshot(
    data: np.ndarray,
    i: Int,
    row: Record,
    price: np.ndarray,
    price_decimals: np.ndarray,
    size: np.ndarray,
    size_decimals: np.ndarray,
    n: Int,
) -> tuple[Int, Int]:
    """(position behind, levels in all) of the reply of a REST request; position -1 when it is none."""
    i = _word(data, i, _ID)
    if i < 0:
        return -1, n
    row.last, i = _whole(data, i)
    if i < 0:
        return -1, n
    for k in range(2):
        behind = _word(data, i, _SNAP_T if k else _SNAP_E)
        if behind > 0:
            time, i = _whole(data, behind)
            row.ts_event = _nanos(time)  # T comes behind E and counts
            if i < 0 or row.ts_event < 0:
                return -1, n
    i = _word(data, i, _BIDS)
    if i < 0:
        return -1, n
    begin = n
    i, n = _levels(data, i, price, price_decimals, size, size_decimals, n)
    row.bids = n - begin
    if i < 0:
        return -1, n
    i = _word(data, i, _ASKS)
    if i < 0:
        return -1, n
    begin = n
    i, n = _levels(data, i, price, price_decimals, size, size_decimals, n)
    row.asks = n - begin
    if i < 0 or data[i] != _CLOSE:
        return -1, n
    row.kind = _SNAPSHOT
    return i + 1, n


@inline
def _object(
    data: np.ndarray,
    i: Int,
    row: Record,
    price: np.ndarray,
    price_decimals: np.ndarray,
    size: np.ndarray,
    size_decimals: np.ndarray,
    n: Int,
    symbol: np.ndarray,
    usdm: Int,
) -> tuple[Int, Int]:
    """(position behind, levels in all) of a message; position -1 for one that is left.

    A price and a size of a trade or of a best bid and ask go to the places of levels n and n + 1.
    """
    seen = 0
    kind = _NO_KIND
    begin = n
    event = transaction = np.int64(-1)
    if data[i] != _OPEN:
        return -1, n
    before = _OPEN
    while data[i] == before:
        before = _COMMA
        i += 1
        if data[i] != _QUOTE_MARK:
            return -1, n
        key = data[i + 1]
        if key == _LINE_END:
            return -1, n
        bit = 0
        if data[i + 2] == _QUOTE_MARK:
            i += 3
            if data[i] != _COLON:
                return -1, n
            i += 1
            if key == 101:  # e
                bit = _e
                i += 1 if data[i] == _QUOTE_MARK else 0
                behind = _word(data, i, _W_DEPTH)
                if behind > 0:
                    kind = _DEPTH
                else:
                    behind = _word(data, i, _W_TRADE)
                    if behind > 0:
                        kind = _TRADE
                    else:
                        behind = _word(data, i, _W_QUOTE)
                        kind = _QUOTE
                if data[i - 1] != _QUOTE_MARK:
                    return -1, n
                i = behind
            elif key == 115:  # s
                bit = _S
                i = _word(data, i, symbol)
            elif key == 69:  # E
                bit = _E
                event, i = _whole(data, i)
                event = _nanos(event)
                if event < 0:
                    return -1, n
            elif key == 84:  # T
                bit = _T
                transaction, i = _whole(data, i)
                transaction = _nanos(transaction)
                if transaction < 0:
                    return -1, n
            elif key == 85:  # U
                bit = _U
                row.first, i = _whole(data, i)
            elif key == 117:  # u
                bit = _u
                row.last, i = _whole(data, i)
            elif key == 116:  # t
                bit = _t
                row.last, i = _whole(data, i)
            elif key == 98:  # b
                if data[i] == _ARRAY:
                    bit = _BL
                    i, n = _levels(data, i, price, price_decimals, size, size_decimals, n)
                    row.bids = n - begin
                else:
                    bit = _BP
                    price[begin], price_decimals[begin], i = _decimal(data, i)
            elif key == 97:  # a
                if data[i] == _ARRAY:
                    bit = _AL
                    if not seen & _BL:
                        return -1, n
                    i, n = _levels(data, i, price, price_decimals, size, size_decimals, n)
                    row.asks = n - begin - row.bids
                else:
                    bit = _AP
                    price[begin + 1], price_decimals[begin + 1], i = _decimal(data, i)
            elif key == 66:  # B
                bit = _B
                size[begin], size_decimals[begin], i = _decimal(data, i)
            elif key == 65:  # A
                bit = _A
                size[begin + 1], size_decimals[begin + 1], i = _decimal(data, i)
            elif key == 112:  # p
                bit = _P
                price[begin], price_decimals[begin], i = _decimal(data, i)
            elif key == 113:  # q
                bit = _Q
                size[begin], size_decimals[begin], i = _decimal(data, i)
            elif key == 109 or key == 77:  # m, M
                bit = _M if key == 109 else _MM
                true = _word(data, i, _TRUE)
                i = true if true > 0 else _word(data, i, _FALSE)
                if key == 109:
                    row.maker = 1 if true > 0 else 0
            elif key == 88:  # X
                bit = _X
                i = _word(data, i, _MARKET)
        elif key == 112 and data[i + 2] == 117 and data[i + 3] == _QUOTE_MARK and data[i + 4] == _COLON:  # pu
            bit = _PU
            row.previous, i = _whole(data, i + 5)
        if bit == 0 or seen & bit or i < 0:
            return -1, n
        seen |= bit
    if data[i] != _CLOSE:
        return -1, n
    # A message must be whole, and hold nothing that would have been read into the same place.
    mixed = 0
    if kind == _NO_KIND and not seen & (_E | _T | _U):
        kind = _QUOTE
    if kind == _DEPTH:
        need = _NEED_DEPTH | (_PU if usdm else 0)
        mixed = _BP | _AP | _B | _A | _P | _Q | _t | _M
    elif kind == _TRADE:
        need = _NEED_TRADE
        mixed = _BP | _AP | _B | _A | _BL | _AL | _u | _U | _PU
        row.bids, n = 1, begin + 1
    elif kind == _QUOTE:
        need = _NEED_QUOTE
        mixed = _P | _Q | _BL | _AL | _t | _U | _PU | _M
        row.bids, row.asks, n = 1, 1, begin + 2
    else:
        return -1, n
    if seen & need != need or seen & mixed:
        return -1, n
    row.kind = kind
    if transaction >= 0:
        row.ts_event = transaction
    elif event >= 0:
        row.ts_event = event
    return i + 1, n


@inline
def _line(
    data: np.ndarray,
    i: Int,
    row: Record,
    price: np.ndarray,
    price_decimals: np.ndarray,
    size: np.ndarray,
    size_decimals: np.ndarray,
    n: Int,
    symbol: np.ndarray,
    usdm: Int,
) -> tuple[Int, Int]:
    """(position behind its line end, levels in all) of a line; position -1 for one that is left."""
    time = np.int64(0)
    for k in range(19):
        digit = data[i + k]
        if digit < _ZERO or digit > _NINE:
            return -1, n
        if k == 18 and time > 922_337_203_685_477_579:  # one digit more could leave 64 bits
            return -1, n
        time = time * 10 + (np.int64(digit) - _ZERO)
    i += 19
    if data[i] != _SPACE:
        return -1, n
    i += 1
    row.ts_recv = row.ts_event = time
    if data[i] == _OPEN and data[i + 1] == _QUOTE_MARK and data[i + 2] == 108:  # l of lastUpdateId
        i, n = _snapshot(data, i, row, price, price_decimals, size, size_decimals, n)
    else:
        inner = _word(data, i, _STREAM)
        stream = _NO_KIND
        if inner > 0:
            stream, i = _stream(data, inner)
            if i > 0:
                i = _word(data, i, _DATA)
        if i > 0:
            i, n = _object(data, i, row, price, price_decimals, size, size_decimals, n, symbol, usdm)
        if i > 0 and inner > 0:
            if stream != row.kind or data[i] != _CLOSE:
                return -1, n
            i += 1
    if i < 0 or data[i] != _LINE_END:
        return -1, n
    return i + 1, n


@kernel
def scan(
    data: np.ndarray,
    messages: np.ndarray,
    price: np.ndarray,
    price_decimals: np.ndarray,
    size: np.ndarray,
    size_decimals: np.ndarray,
    symbol: np.ndarray,
    usdm: Int,
    lines: Int,
) -> tuple[Int, Int]:
    """Bytes that end with a line end → (lines, levels) written to `messages` and to the four arrays of numbers.

    `symbol` is the instrument's, in quotes; `lines` the number of those before. The arrays of numbers need a place for
    every nine bytes and two more. (-1, _) when `messages` has too few rows.
    """
    i, n, count = 0, 0, 0
    while i < data.size:
        if count == messages.shape[0]:
            return -1, n
        row = messages[count]
        row.bids = row.asks = 0
        row.first = row.last = row.previous = 0
        row.kind, row.maker = _SLOW, 0
        row.line = lines + count + 1
        row.begin = n
        row.at = i
        behind, levels = _line(data, i, row, price, price_decimals, size, size_decimals, n, symbol, usdm)
        if behind > 0:
            n = levels
        else:
            row.kind = _SLOW
            behind = i
            while data[behind] != _LINE_END:
                behind += 1
            behind += 1
        row.end = behind - 1
        i = behind
        count += 1
    return count, n


@kernel
def to_grid(mantissa: np.ndarray, decimals: np.ndarray, places: Int, unit: Int, out: np.ndarray) -> Int:
    """Decimals as multiples of `unit` / 10^`places`, to `out` → the first that is none or does not fit, or -1."""
    powers = np.ones(19, np.int64)
    for k in range(1, 19):
        powers[k] = powers[k - 1] * 10
    for k in range(mantissa.size):
        spare = places - np.int64(decimals[k])
        if spare < 0 or spare > 18:
            return k
        value = mantissa[k] * powers[spare]
        if spare and mantissa[k] > _MOST // powers[spare]:
            return k
        if unit != 1:
            if value % unit:
                return k
            value //= unit
        out[k] = value
    return -1
