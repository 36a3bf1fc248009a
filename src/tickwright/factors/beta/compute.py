"""`compute_market_beta`: returns as they lie at hand, in arrays or frames, to output rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from tickwright.core.errors import ConfigError, DataError
from tickwright.core.units import DAY, SECOND, Nanos
from tickwright.factors.beta.config import MarketBetaConfig
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.executor import Executor
from tickwright.factors.grid import Grid
from tickwright.factors.records import RETURN, Status
from tickwright.factors.sources.prices import nanoseconds

_TIME, _SYMBOL, _KNOWN = "ts_event", "symbol", "ts_available"
_TIMES = (_TIME, "ts", "time", "timestamp", "datetime", "date")
_MOST = 1e70
"""Beyond a return of this size sums of fourth powers over a window, as R² has them, are no numbers any more."""
_RETURNS = ("return", "returns", "ret", "value")
Columns = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]
"""Returns, their times, when they were known."""


def compute_market_beta(
    asset_returns_by_symbol: Any, benchmark_returns: Any, config: MarketBetaConfig, executor: Executor | None = None,
    aligned: bool = True,
) -> pl.DataFrame:  # fmt: skip
    """Market betas of returns, one row a symbol and slot; see `factors.rows` for the columns.

    `asset_returns_by_symbol`: a mapping from symbol to an array, a Polars or pandas series, or a frame of two columns;
    or a wide frame (a column of times, one of returns a symbol), or a long one (ts_event, symbol, return).
    `benchmark_returns`: one of what the mapping holds; None for a basket of all others. Numbers that are null or NaN
    are missing, and so is a return over more than `max_gap` bars, as one after rows that are absent. On the grid `slot`
    times are numbers of rows, of which one may be absent as a date may; rows without times are numbered from 0 on, and
    all series are then of one length, with no other index. A time anywhere within a bar is of that bar, where all
    series have theirs at one place: those that are stamped elsewhere, as days from noon on, are other bars.
    Raises ConfigError, and DataError for two returns of one slot, one outside every session, or an infinite one;
    BenchmarkError for a benchmark that is shifted by one bar, unless `aligned` is False: assets are to lag or lead it.
    """
    factory = BetaFactory(config, prices=False)
    given = returns_at_hand(asset_returns_by_symbol, benchmark_returns, factory, aligned)
    return factory.compute(*given, executor=executor, aligned=aligned)


def returns_at_hand(
    assets: Any, benchmark: Any, factory: BetaFactory, aligned: bool = True
) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """RETURN rows by symbol and of the benchmark, from what `compute_market_beta` takes. Raises as it does."""
    config = factory.market
    given = {symbol: _columns(series, symbol) for symbol, series in by_symbol(assets).items()}
    if not given:
        raise ConfigError("asset returns", "none", "one symbol at least")
    base = None if benchmark is None else _columns(benchmark, config.benchmark)
    every = [*given.items(), *([] if base is None else [(config.benchmark, base)])]
    _check_places(every)
    if aligned:
        _check_stamps(every, config.bars)
    crosses = factory.returns_of("").crosses
    told = {symbol: _returns(columns, symbol, config, crosses) for symbol, columns in given.items()}
    return told, None if base is None else _returns(base, config.benchmark, config, crosses)


def levels_at_hand(given: Any, name: str, config: MarketBetaConfig, length: int) -> np.ndarray:
    """RETURN rows of a level at each slot, as liquidity, from what one series of returns may be.

    `length`: rows of the returns, as many as a level without times has. Raises ConfigError, DataError.
    """
    columns = _columns(given, name)
    if columns[1] is None and len(columns[0]) != length:
        raise ConfigError(f"{name}, without times", f"{len(columns[0])} rows", f"{length}, as the returns have")
    rows = _returns(columns, name, config, crosses=True, level=True)
    bad = rows["value"] < 0.0
    if bad.any():
        raise DataError(f"{name}: row {int(bad.argmax())} is {rows['value'][bad][0]}, a level is not negative")
    return rows


def by_symbol(given: Any) -> dict[str, Any]:
    """A mapping, a wide frame or a long frame → what each symbol has. Raises ConfigError."""
    if isinstance(given, Mapping):
        return {str(symbol): series for symbol, series in given.items()}
    frame = _frame(given)
    if frame is None:
        raise ConfigError("asset returns", type(given).__name__, "a mapping by symbol, or a frame of Polars or pandas")
    time = _time_of(frame)
    if time is None:
        _check_index(given, "all assets")
    if _SYMBOL in frame.columns:
        rest = frame.drop(_SYMBOL)
        parts = frame.partition_by(_SYMBOL, maintain_order=True, as_dict=True)
        return {str(key[0]): part.select(rest.columns) for key, part in parts.items()}
    names = [name for name in frame.columns if name not in (time, _KNOWN)]
    stamps = [] if time is None else [time]
    known = [_KNOWN] if _KNOWN in frame.columns else []
    return {name: frame.select([*stamps, *known, name]) for name in names}


def _check_places(series: Sequence[tuple[str, Columns]]) -> None:
    """Raise ConfigError where series without times cannot be paired row by row."""
    placed = [(name, len(columns[0])) for name, columns in series if columns[1] is None]
    if not placed:
        return
    timed = next((name for name, columns in series if columns[1] is not None), None)
    if timed is not None:
        raise ConfigError(f"times of {placed[0][0]}", "none", f"times, as those of {timed}")
    other = next((one for one in placed if one[1] != placed[0][1]), None)
    if other is not None:
        raise ConfigError(
            "returns without times", f"{placed[0][1]} of {placed[0][0]}, {other[1]} of {other[0]}",
            "series of one length, or times (ts_event), be they numbers",
        )  # fmt: skip


def _check_stamps(series: Sequence[tuple[str, Columns]], grid: Grid) -> None:
    """Raise DataError where two series are stamped at different places of their bars, each at one for the most part."""
    if not grid.length or (grid.session and grid.length == DAY):  # a date names its session
        return
    first: tuple[str, Nanos, Nanos] | None = None
    for name, (_, times, _) in series:
        if times is None or (found := _usual_place(times, grid)) is None:
            continue
        first = first or (name, *found)
        if found[1] != first[2]:
            said = [f"{who} begin their bars at {np.datetime64(at, 'ns')}, {place / SECOND:g}s after the slot"
                    for who, at, place in (first, (name, *found))]  # fmt: skip
            raise DataError(
                f"times: returns of {said[0]}, of {said[1].replace(' begin their bars', '')}: of bars that begin at "
                f"other moments; expected one place within a slot of {grid.text}, or aligned=False"
            )


def _usual_place(times: np.ndarray, grid: Grid) -> tuple[Nanos, Nanos] | None:
    """(a time, how long after its slot began) where most of the others lie too; None where there is no such place."""
    slots = grid.slots(times)
    times, slots = times[slots >= 0], slots[slots >= 0]
    places, at, count = np.unique(times - grid.begins(slots), return_index=True, return_counts=True)
    if len(times) < 2 or 2 * count.max() <= len(times):
        return None
    k = int(count.argmax())
    return int(times[at[k]]), int(places[k])


def _returns(columns: Columns, name: str, config: MarketBetaConfig, crosses: bool, level: bool = False) -> np.ndarray:
    """RETURN rows of one series; one without a number or over too many bars is a GAP. A `level` is of one bar.

    Raises ConfigError, DataError.
    """
    (values, times, known), grid = columns, config.bars
    if times is None:
        if grid.length:
            raise ConfigError("grid", grid.text, f"slot: the returns of {name} have no times")
        times = np.arange(len(values))
    elif not grid.length and _is_clock(times):
        raise ConfigError("grid", grid.text, f"the length of a bar, as 1d: the returns of {name} have times")
    if np.isinf(values).any():
        raise DataError(f"returns of {name}: row {int(np.isinf(values).argmax())} is infinite")
    if not level and (np.abs(values) > _MOST).any():
        at = int((np.abs(values) > _MOST).argmax())
        raise DataError(
            f"returns of {name}: row {at} is {values[at]:g}, expected {_MOST:g} at most: nothing returns that"
        )
    slots = grid.slots(times)
    if (slots < 0).any():
        first = np.datetime64(int(times[(slots < 0).argmax()]), "ns")
        raise DataError(f"returns of {name}: {int((slots < 0).sum())} lie in no session of the grid, first {first}")
    order = np.argsort(slots, kind="stable")
    values, slots, times = values[order], slots[order], times[order]
    if (np.diff(slots) == 0).any():
        at = int(times[1:][np.diff(slots) == 0][0])
        raise DataError(f"returns of {name}: two of one slot, at {np.datetime64(at, 'ns') if grid.length else at}")
    out = np.zeros(len(values), RETURN)
    span = np.ones(len(slots), np.int64) if level else _spans(slots, grid, crosses)
    there = ~np.isnan(values) & (span <= config.max_gap)
    out["slot"], out["value"], out["span"] = slots, np.where(there, values, 0.0), np.where(np.isnan(values), 0, span)
    out["status"] = np.where(there, int(Status.OK), int(Status.GAP))
    out["ts_event"] = grid.begins(slots)
    out["ts_available"] = grid.ends(slots) if known is None else known[order]
    return out


def _spans(slots: np.ndarray, grid: Grid, crosses: bool) -> np.ndarray:
    """Bars since the row before, which a return is over. One that is within a session begins at its first bar."""
    span = np.diff(slots, prepend=slots[:1] - 1)
    return span if crosses or not grid.length else np.minimum(span, np.maximum(grid.places(slots), 1))


def _columns(given: Any, name: str) -> Columns:
    """(returns, times, when they were known) of an array, a series, or a frame."""
    frame = _frame(given)
    if frame is None:
        array = _numbers(given, name)
        if array.ndim != 1:
            raise ConfigError(f"returns of {name}", f"an array of shape {array.shape}", "one dimension")
        return array, None, None
    time = _time_of(frame)
    rest = [column for column in frame.columns if column not in (time, _KNOWN, _SYMBOL)]
    chosen = rest if len(rest) == 1 else [column for column in rest if column.lower() in _RETURNS]
    if len(chosen) != 1:
        raise ConfigError(f"returns of {name}", ", ".join(frame.columns), f"one column of returns, as {_RETURNS[0]}")
    kind = frame[chosen[0]].dtype
    if not (kind.is_numeric() or kind in (pl.Null, pl.Boolean)):
        raise DataError(f"returns of {name}: a column of {kind}, expected numbers")
    values = frame[chosen[0]].cast(pl.Float64).fill_null(np.nan).to_numpy()
    stamps = None if time is None else _stamps(frame[time])
    if time is None:
        _check_index(given, name)
    known = _stamps(frame[_KNOWN]) if _KNOWN in frame.columns else None
    return values, stamps, known


def _numbers(given: Any, name: str) -> np.ndarray:
    """Floats of an array or a list, NaN for None. Raises DataError: a text is none, also where it could be read."""
    try:
        found = np.asarray(given)
        if found.dtype.kind not in "biufOU":
            raise DataError(f"returns of {name}: an array of {found.dtype}, expected numbers")
        if found.dtype.kind in "OU":
            every = np.asarray(given, object).ravel()
            at = next((k for k, value in enumerate(every) if isinstance(value, str)), None)
            if at is not None:
                raise DataError(f"returns of {name}: row {at} is {every[at]!r}, expected a number")
        return found.astype(float)
    except (TypeError, ValueError) as error:
        raise DataError(f"returns of {name}: a {type(given).__name__}, expected numbers ({error})") from error


def _check_index(given: Any, name: str) -> None:
    """Raise ConfigError for an index that says which row is which, and is not of times: places are not what it says."""
    if not type(given).__module__.startswith("pandas"):
        return
    import pandas as pd

    index = given.index
    if not index.equals(pd.RangeIndex(len(index))):
        found = f"an index of {index.dtype}, {index[0]} to {index[-1]}"
        raise ConfigError(f"returns of {name}", found, "an index of datetimes, times in a column, or rows from 0 on")


def _frame(given: Any) -> pl.DataFrame | None:
    """A frame of anything that has columns or an index of times; None for a plain array."""
    if isinstance(given, pl.LazyFrame):
        given = given.collect()
    if isinstance(given, pl.DataFrame):
        return given
    if isinstance(given, pl.Series):
        return given.to_frame(given.name or _RETURNS[0])
    if type(given).__module__.startswith("pandas"):
        import pandas as pd

        table = given.to_frame(given.name or _RETURNS[0]) if isinstance(given, pd.Series) else given
        if isinstance(table.index, pd.DatetimeIndex):
            table = table.rename_axis(_TIME).reset_index()
        table = table.rename(columns=str)
        try:
            return pl.from_pandas(table)
        except (TypeError, ValueError) as error:  # as of a column of texts and numbers
            raise DataError(f"a frame of pandas: {error}") from error
    return None


def _time_of(frame: pl.DataFrame) -> str | None:
    named = [name for name in frame.columns if name.lower() in _TIMES]
    dated = [name for name in frame.columns if frame[name].dtype.is_temporal() and name != _KNOWN]
    if len(set(named + dated)) > 1:
        raise ConfigError("times", ", ".join(sorted(set(named + dated))), "one column of times")
    return next(iter(named + dated), None)


def _stamps(column: pl.Series) -> np.ndarray:
    if column.null_count():
        raise DataError(f"{column.name}: row {int(column.is_null().arg_max() or 0)} has no time")
    if column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        column = column.cast(pl.Datetime("ns")).to_physical()
    return nanoseconds(column.to_numpy(), column.name)


def _is_clock(times: np.ndarray) -> bool:
    """Whether numbers are nanoseconds, and not numbers of rows: a year in ns is 3e16."""
    return bool(len(times)) and int(np.abs(times).max()) > 10**15
