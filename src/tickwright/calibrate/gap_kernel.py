"""The part of `kernel.py` that hears when events come: by kind, one after another, and between market orders.

Names as there: `s` is one record of STATE, `t` one of SUMS.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.layout import Bool, Int, Record
from tickwright.calibrate import layout as at
from tickwright.core.kernel import inline, kernel

_PER_DECADE, _FROM, _GAPS, _RUNS = at.PER_DECADE, at.GAP_DECADES[0] + 9, at.GAPS, at.RUNS
_LAGS, _N_LAGS, _PAUSES = at.PAUSE_LAGS, at.PAUSE_LAGS.size, at.PAUSES
_CANCEL, _MARKET, _TOGETHER = at.CANCEL, at.MARKET, at.TOGETHER
_AT_ONCE = 10.0 ** (_FROM + 1 / _PER_DECADE)
"""ns; what comes sooner lies in the first bin: parts of one message, in which a clock has no say."""


@inline
def block_of(s: Record, ts: Int) -> Int:
    """The block of time of a moment."""
    return min(max((ts - s.begin) // s.width, 0), (s.end - s.begin - 1) // s.width)


@inline
def decade_bin(nanos: Int, first: Int, bins: Int) -> Int:
    """Bin of a time on a logarithmic axis whose first decade begins at 10**first ns."""
    if nanos <= 0:
        return 0
    i = np.int64(np.floor((np.log10(np.float64(nanos)) - first) * _PER_DECADE + 1e-9))
    return min(max(i, 0), bins - 1)


@kernel
def gap(s: Record, t: Record, kind: Int, side: Int, ts: Int) -> None:
    """An event of a kind has come, on a side of the book."""
    b = block_of(s, ts)
    if s.seen[kind]:
        t.gaps[b, kind, decade_bin(ts - s.last[kind], _FROM, _GAPS)] += 1
    s.seen[kind] = 1
    s.last[kind] = ts
    if kind == _CANCEL:
        t.company[b, 0] += 1.0
    if s.any_seen and _in_company(s, t, b, kind, side, ts):
        pass  # no pause of the clock, which goes on as it was
    elif s.any_seen:
        after = 1 if s.any_kind == _MARKET else 0
        t.pauses[b, after, decade_bin(ts - s.any_last, _FROM, _GAPS)] += 1
        _pair(s, t, b, np.nan if after or ts - s.any_last < _AT_ONCE else np.log10(np.float64(ts - s.any_last)))
    if s.since_market > 0 and kind == _MARKET:
        t.runs[b, min(s.since_market, _RUNS) - 1] += 1
    if kind == _MARKET:
        s.since_market = 1
    elif s.since_market > 0:
        s.since_market += 1
    s.any_seen = 1
    s.any_last = ts
    s.any_kind = kind
    s.any_side = side


@inline
def _in_company(s: Record, t: Record, b: Int, kind: Int, side: Int, ts: Int) -> Bool:
    """Whether a cancel came at once after another one of its side."""
    if kind != _CANCEL or s.any_kind != _CANCEL or side != s.any_side:
        return False
    t.company[b, 1] += 1.0
    if ts - s.any_last >= _TOGETHER:
        return False
    t.company[b, 2] += 1.0
    t.company[b, 3] += np.log10(max(np.float64(ts - s.any_last), 10.0**_FROM)) - 9.0
    return True


@kernel
def _pair(s: Record, t: Record, b: Int, y: float) -> None:
    """The logarithm of a pause beside those before it; NaN is one that nothing is laid beside."""
    n = s.pauses
    s.log_pauses[n & (_PAUSES - 1)] = y
    s.pauses = n + 1
    if y != y:
        return
    for i in range(_N_LAGS):
        if _LAGS[i] > n:
            return
        x = s.log_pauses[(n - _LAGS[i]) & (_PAUSES - 1)]
        if x == x:
            t.pause_pairs[b, 0, i] += x * y
            t.pause_pairs[b, 1, i] += x
            t.pause_pairs[b, 2, i] += y
            t.pause_pairs[b, 3, i] += x * x
            t.pause_pairs[b, 4, i] += y * y
            t.pause_pairs[b, 5, i] += 1.0
