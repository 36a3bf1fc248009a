"""What the page shows, gathered once: stored rows as matrices, sectors as of the last row, live against backfill."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
import polars as pl

from tickwright.core.units import Nanos
from tickwright.data.calendars import calendar
from tickwright.factors.checks import Outcome
from tickwright.factors.records import Status
from tickwright.factors.rows import STATUSES
from tickwright.factors.store.rows import Origin
from tickwright.factors.store.store import FactorStore
from tickwright.factors.tags import Definition, SeriesId

OK = int(Status.OK)
NO_ROW = -1
Z95 = 1.959963984540054


@dataclass(frozen=True)
class FactorView:
    """One factor to one benchmark: matrices (symbols, slots); NaN and NO_ROW where nothing is."""

    definition: Definition
    origin: str
    """Whose rows are drawn: backfill where there are any, else live."""
    symbols: tuple[str, ...]
    ts_event: np.ndarray
    value: np.ndarray
    stderr: np.ndarray
    status: np.ndarray
    rows: dict[str, int]
    """Rows by origin."""
    recorded: dict[str, tuple[Nanos, Nanos]]
    """When rows were written, first and last, by origin."""
    delay: tuple[Nanos, Nanos] | None
    """Median and largest time from a live row's `ts_available` to its `ts_recorded`."""
    compared: pl.DataFrame
    benchmark_path: np.ndarray | None = None
    """Of the benchmark at every slot, cumulative log return, where the catalog has prices."""
    sectors: dict[str, str | None] = field(default_factory=dict)
    """As known on the date of the last row."""
    checks: tuple[Outcome, ...] = ()
    checked_on: str = ""

    @property
    def zone(self) -> str:
        """The time zone of its sessions; UTC where it has none."""
        session = str(self.definition.market.get("session", ""))
        return calendar(session).timezone if session else "UTC"

    @property
    def slope(self) -> bool:
        """Its value is a slope on the benchmark, whose own is 1; betas beside the market's are in other units."""
        settings = self.definition.settings
        beside = self.definition.market is not settings and settings.get("coefficient") != "market"
        return self.definition.tags.family == "beta" and not beside

    @property
    def daily(self) -> bool:
        """A row a day at the most."""
        return self.definition.tags.grid.split()[0] == "1d"

    @property
    def horizon(self) -> int:
        """Slots of its window."""
        return int(self.definition.tags.horizon)

    @property
    def last_date(self) -> dt.date:
        """The UTC date of the last slot."""
        return (dt.datetime(1970, 1, 1) + dt.timedelta(seconds=int(self.ts_event[-1]) // 10**9)).date()


def view_of(
    store: FactorStore, series: SeriesId, compared: pl.DataFrame, symbols: Sequence[str] = (),
    start: Nanos | None = None, end: Nanos | None = None,
) -> FactorView | None:  # fmt: skip
    """The stored rows of one factor; None where the span has none."""
    live, backfill = (
        store.read([series], origin, symbols=symbols, start=start, end=end) for origin in (Origin.LIVE, Origin.BACKFILL)
    )
    drawn = backfill if len(backfill) else live
    if not len(drawn):
        return None
    by_origin = {"live": live, "backfill": backfill}
    names, slots, value, stderr, status = matrices(drawn)
    delay = live["ts_recorded"] - live["ts_available"]
    made_by = msgspec.structs.replace(store.definitions()[series], tags=store.tags()[series])
    return FactorView(
        made_by, "backfill" if len(backfill) else "live", names, slots, value, stderr, status,
        rows={name: len(rows) for name, rows in by_origin.items()},
        recorded={name: _ends(rows["ts_recorded"]) for name, rows in by_origin.items() if len(rows)},
        delay=(int(np.median(delay.to_numpy())), _ends(delay)[1]) if len(live) else None,
        compared=compared.filter((pl.col("factor_id") == series[0]) & (pl.col("benchmark") == series[1])),
    )  # fmt: skip


def _ends(values: pl.Series) -> tuple[int, int]:
    known = values.to_numpy()
    return int(known.min()), int(known.max())


def matrices(rows: pl.DataFrame) -> tuple[tuple[str, ...], np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(symbols, slots, value, stderr, status) of stored rows."""
    names, i = np.unique(rows["symbol"].cast(pl.String).to_numpy().astype(str), return_inverse=True)
    slots, t = np.unique(rows["ts_event"].to_numpy(), return_inverse=True)
    shape = (len(names), len(slots))
    figures = []
    for name in ("value", "stderr"):
        figure = np.full(shape, np.nan)
        figure[i, t] = rows[name].fill_null(np.nan).to_numpy()
        figures.append(figure)
    status = np.full(shape, NO_ROW, np.int8)
    status[i, t] = rows["status"].cast(pl.Enum(STATUSES)).to_physical().to_numpy()
    return tuple(names.tolist()), slots, figures[0], figures[1], status


def coverage(view: FactorView) -> np.ndarray:
    """Share of its slots on which each symbol has a value."""
    return np.asarray((view.status == OK).mean(axis=1))


def exemplars(view: FactorView, most: int = 9) -> list[int]:
    """Symbols to draw: spread over the ranks of the mean value, then the widest band and the least coverage."""
    there = np.flatnonzero((view.status == OK).any(axis=1))
    if len(there) <= most:
        return [int(i) for i in there]
    mean = np.array([np.nanmean(view.value[i]) for i in there])
    band = np.array(
        [np.nan_to_num(np.nanmean(view.stderr[i]) if np.isfinite(view.stderr[i]).any() else 0) for i in there]
    )
    by_rank = there[np.argsort(mean, kind="stable")][np.linspace(0, len(there) - 1, most - 2).round().astype(int)]
    chosen = [*by_rank.tolist(), int(there[band.argmax()]), int(there[coverage(view)[there].argmin()])]
    return list(dict.fromkeys(chosen))


def apart(view: FactorView) -> tuple[int, float] | None:
    """(pairs, share outside): of values whose windows do not overlap, how many differ by more than their 95 % band.

    Were betas constant and errors right it would be one in twenty. None where there are no standard errors.
    """
    every = view.value[:, view.horizon - 1 :: view.horizon], view.stderr[:, view.horizon - 1 :: view.horizon]
    step = np.abs(np.diff(every[0], axis=1))
    band = Z95 * np.sqrt(every[1][:, 1:] ** 2 + every[1][:, :-1] ** 2)
    there = np.isfinite(step) & np.isfinite(band)
    return (int(there.sum()), float((step[there] > band[there]).mean())) if there.any() else None
