"""The recorded market of one instrument as the charts show it: fewer quotes, a depth grid, the volume."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from tickwright.app.report.data import Depth, Market
from tickwright.app.report.downsample import for_display
from tickwright.book.depth import depth_grid
from tickwright.core.instrument import Instrument
from tickwright.core.time import zone
from tickwright.core.units import SECOND, Nanos
from tickwright.run.market import MarketDay

QUOTE_BUCKETS = 1200
DEPTH_COLUMNS = 260
DEPTH_BINS = 110
VOLUME_POINTS = 600


class Display:
    """From ticks, lots and nanoseconds to what a chart shows: currency, quantity, local milliseconds."""

    def __init__(self, instrument: Instrument, moment: Nanos) -> None:
        aware = dt.datetime.fromtimestamp(moment // SECOND, zone(instrument.timezone))
        # Every time of a page is drawn with the offset that holds at `moment`.
        offset = aware.utcoffset() or dt.timedelta(0)
        self._offset = (offset.days * 86_400 + offset.seconds) * SECOND
        self.tick = float(instrument.tick_size)
        self.lot = float(instrument.lot_size)
        self.decimals = max(0, -int(instrument.tick_size.normalize().as_tuple().exponent))

    def times(self, nanos: np.ndarray) -> np.ndarray:
        """Local milliseconds."""
        return (np.asarray(nanos, np.int64) + self._offset) / 1e6

    def time(self, nanos: Nanos) -> float:
        """Local milliseconds of one moment."""
        return float(self.times(np.array([nanos]))[0])


def market_of(day: MarketDay, begin: Nanos, end: Nanos, fill_times: np.ndarray, show: Display) -> Market:
    """The market from `begin` to `end` (ns), with every quote before a fill among those drawn."""
    quotes = _within(day.market.quotes, begin, end)
    two_sided = (quotes["bid_size"] > 0) & (quotes["ask_size"] > 0)
    bid = np.where(quotes["bid_size"] > 0, quotes["bid"] * show.tick, np.nan)
    ask = np.where(quotes["ask_size"] > 0, quotes["ask"] * show.tick, np.nan)
    keep = np.searchsorted(quotes["ts_event"], fill_times)
    if len(quotes):
        low, high = np.where(two_sided, quotes["bid"], np.iinfo(np.int64).max), np.where(two_sided, quotes["ask"], 0)
        rows = for_display(quotes["ts_event"], low, high, QUOTE_BUCKETS, keep)
    else:
        rows = np.zeros(0, np.int64)
    depth, missing = _depth(day, quotes[two_sided], begin, end, show)
    times, volume = _volume(day, begin, end, show)
    return Market(
        key=day.instrument.symbol,
        symbol=day.instrument.symbol,
        currency=day.instrument.currency,
        decimals=show.decimals,
        times=show.times(quotes["ts_event"][rows]),
        bid=bid[rows],
        ask=ask[rows],
        quotes_note=_quotes_note(len(rows), len(quotes), end - begin),
        depth=depth,
        depth_missing=missing,
        volume_times=times,
        volume=volume,
    )


def _within(rows: np.ndarray, begin: Nanos, end: Nanos) -> np.ndarray:
    """Rows from the last one before `begin` to `end`."""
    first, last = np.searchsorted(rows["ts_event"], [begin, end])
    return np.asarray(rows[max(0, int(first) - 1) : int(last)])


def _quotes_note(drawn: int, total: int, span: Nanos) -> str:
    if drawn == total:
        return f"All {total:,} quote changes are drawn."
    return (
        f"{drawn:,} of {total:,} quote changes are drawn: the first, last, lowest and highest of every "
        f"{span / QUOTE_BUCKETS / SECOND:.2g} s, and those at our fills."
    )


def _depth(day: MarketDay, quotes: np.ndarray, begin: Nanos, end: Nanos, show: Display) -> tuple[Depth | None, str]:
    if not len(quotes):
        return None, "there was no two-sided quote in these hours"
    low, high = int(quotes["bid"].min()), int(quotes["ask"].max())
    pad = max(5, (high - low) // 5)
    low, high = low - pad, high + pad + 1
    width = -(-(high - low) // DEPTH_BINS)
    bins = -(-(high - low) // width)
    times = np.linspace(begin, end, DEPTH_COLUMNS).astype(np.int64)
    grid = depth_grid(day.tape, times, low, low + bins * width, bins)
    note = (
        f"Depth is sampled every {(end - begin) / (DEPTH_COLUMNS - 1) / SECOND:.2g} s in price bins of "
        f"{width * show.tick:.{show.decimals}f}."
    )
    if day.window is not None:
        note += " The feed shows only the levels nearest to the market: white far from it is unknown, not empty."
    centres = (low + np.arange(bins) * width + (width - 1) / 2) * show.tick
    return Depth(show.times(times), centres, np.abs(grid.T) * show.lot, note), ""


def _volume(day: MarketDay, begin: Nanos, end: Nanos, show: Display) -> tuple[np.ndarray, np.ndarray]:
    trades = day.market.trades
    first, last = np.searchsorted(trades["ts_event"], [begin, end])
    times = trades["ts_event"][first:last]
    total = np.cumsum(trades["size"][first:last]) * show.lot
    if len(times) > VOLUME_POINTS:
        marks = np.linspace(begin, end, VOLUME_POINTS).astype(np.int64)
        counts = np.searchsorted(times, marks, side="right")
        return show.times(marks), np.concatenate([[0.0], total])[counts]
    return show.times(times), total


def span_of(moments: Sequence[tuple[Nanos, Nanos]]) -> tuple[Nanos, Nanos]:
    """From a little before the first begin to a little after the last end."""
    begin, end = min(b for b, _ in moments), max(e for _, e in moments)
    pad = (end - begin) // 50
    return begin - pad, end + pad
