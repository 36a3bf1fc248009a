"""`BookFeatures`: numbers of a book at the end of every event, from rows of its tape, as they come or all at once."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from tickwright.book.layout import BOOK, ORDER, TAPE, check_code
from tickwright.book.replay import reset_book
from tickwright.book.tape import centre_of
from tickwright.core.errors import ConfigError, FileFormatError
from tickwright.core.events import Flag
from tickwright.core.layout import to_rows
from tickwright.core.units import Nanos
from tickwright.factors.features import book_kernel as kernels
from tickwright.factors.features.columns import FIRST_OF_WINDOWS, TWENTY, BookFeature, Column, features_of
from tickwright.factors.features.flow_kernel import BOOK_STATE, LOG, TOTALS
from tickwright.factors.records import Status
from tickwright.factors.rows import STATUSES

FORMAT = "tickwright.features.book/1"
EARLIEST: Nanos = int(np.iinfo(np.int64).min)
_LAST = int(Flag.LAST)
_FIRST_LOG = 1 << 12
NO_FLOWS: np.ndarray = np.zeros((0, LOG), np.int64)


@dataclass(frozen=True, eq=False)
class FeatureRows:
    """Events in rows: `ts_event` and `ts_available` (n,), `values` float64 and `statuses` uint8, each (features, n).

    A value counts where its status is OK, and is zero where it is not. `flows`, where any is over a window: when each
    event was and the running totals after it (n, LOG).
    """

    names: tuple[str, ...]
    ts_event: np.ndarray
    ts_available: np.ndarray
    values: np.ndarray
    statuses: np.ndarray
    flows: np.ndarray = field(default_factory=lambda: NO_FLOWS)

    def __len__(self) -> int:
        return len(self.ts_event)

    def frame(self) -> pl.DataFrame:
        """`ts_event`, `ts_available`, and of each feature its value, null unless `ok`, and `<name>.status`."""
        columns: dict[str, pl.Series] = {
            "ts_event": pl.Series(self.ts_event), "ts_available": pl.Series(self.ts_available),
        }  # fmt: skip
        for name, values, statuses in zip(self.names, self.values, self.statuses, strict=True):
            columns[name], columns[f"{name}.status"] = told(values, statuses)
        return pl.DataFrame(columns)


def told(values: np.ndarray, statuses: np.ndarray) -> tuple[pl.Series, pl.Series]:
    """Numbers and statuses as columns: null unless the status is `ok`."""
    statuses = np.ascontiguousarray(statuses)
    numbers = pl.select(pl.when(pl.Series(statuses == int(Status.OK))).then(pl.Series(values))).to_series()
    words = pl.Series(STATUSES, dtype=pl.Enum(STATUSES)).gather(pl.Series(statuses.astype(np.uint32)))
    return numbers, words


def joined(parts: Iterable[FeatureRows]) -> FeatureRows:
    """Rows of several calls as those of one; one at least."""
    every = list(parts)
    return FeatureRows(
        every[0].names,
        np.concatenate([part.ts_event for part in every]),
        np.concatenate([part.ts_available for part in every]),
        np.concatenate([part.values for part in every], axis=1),
        np.concatenate([part.statuses for part in every], axis=1),
        np.concatenate([part.flows for part in every]),
    )


class BookFeatures:
    """Features of one instrument's book, from an empty book on.

    Parameters
    ----------
    features
        Names, as `mid` or `imbalance:5`; see `columns`.
    depth
        The tape is of a feed of levels (`Tape.is_depth`): it tells nothing of single orders.
    midnight
        The first nanosecond of the local day, that `time_of_day` counts from.
    begin
        Rows before this moment build the book and tell nothing.

    Raises ConfigError for a feature that is not there, and for one of orders where the feed has none.
    """

    def __init__(
        self, features: Iterable[str | BookFeature] = TWENTY, *, depth: bool = False, midnight: Nanos = 0,
        begin: Nanos = EARLIEST,
    ) -> None:  # fmt: skip
        self.features = features_of(features)
        self.names = tuple(feature.name for feature in self.features)
        unknown = [feature.name for feature in self.features if depth and feature.needs_orders]
        if unknown:
            raise ConfigError("features", ", ".join(unknown), "features of levels: the feed tells no single orders")
        self._begin = begin
        columns = [feature.column for feature in self.features]
        self._columns = to_rows(Column, columns)
        levels = max(column.levels for column in columns)
        flows = any(column.kind >= FIRST_OF_WINDOWS for column in columns)
        self._books: np.ndarray = np.zeros(1, BOOK)
        self._state: np.ndarray = np.zeros(1, BOOK_STATE)
        self._state["midnight"], self._state["levels"], self._state["flows"] = midnight, levels, flows
        self._totals = np.zeros(TOTALS, np.int64)
        self._spare = np.zeros(TOTALS, np.int64)
        self._pending = np.zeros(BOOK["orders"].shape[0], np.int32)
        self._tails = np.zeros(len(columns), np.int64)
        self._log = np.zeros((_FIRST_LOG if flows else 1, LOG), np.int64)
        self._depths = np.zeros((2, max(levels, 1)), np.int64)
        self._rows = 0

    @property
    def lookback(self) -> Nanos:
        """Nanoseconds that a row depends on, beside the book itself: the warm-up of a run."""
        return max(feature.lookback for feature in self.features)

    def feed(self, rows: np.ndarray) -> FeatureRows:
        """The next TAPE rows → a row of each event that they end. Raises BookError and CapacityError."""
        if rows.dtype != TAPE:
            raise ConfigError("rows", rows.dtype, "TAPE rows, as TapeCompiler and DepthTapeCompiler give them")
        if len(rows) and not self._rows:
            reset_book(self._books, 0, centre_of(rows))
        ends = int(np.count_nonzero((rows["flags"] & _LAST != 0) & (rows["ts_event"] >= self._begin)))
        moments = np.zeros((2, ends), np.int64)
        values, statuses = np.zeros((len(self.names), ends)), np.zeros((len(self.names), ends), np.uint8)
        flows = np.zeros((ends if self._state["flows"][0] else 0, LOG), np.int64)
        at, written, reason = 0, 0, kernels.GROW
        while reason == kernels.GROW:
            at, written, reason, code = kernels.advance(
                self._books, self._state, self._totals, self._spare, self._pending, self._columns, self._tails,
                self._log, self._depths, rows, at, self._begin, written, moments, values, statuses, flows,
            )  # fmt: skip
            check_code(code, f"tape row {self._rows + at}")
            if reason == kernels.GROW:
                self._grow()
        self._rows += len(rows)
        return FeatureRows(self.names, moments[0], moments[1], values, statuses, flows)

    def _grow(self) -> None:
        """Twice the log: windows hold more events than it has room for."""
        logged, oldest, length = int(self._state["logged"][0]), int(self._state["oldest"][0]), len(self._log)
        wider = np.zeros((2 * length, LOG), np.int64)
        held = np.arange(oldest, logged)
        wider[held % len(wider)] = self._log[held % length]
        self._log = wider

    # ── restart ──────────────────────────────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> bytes:
        """The book, the totals and the log, packed. The tape's compiler is the caller's, and not in it."""
        high = int(self._books["high"][0])
        head = {"format": FORMAT, "features": self.names, "rows": self._rows, "log": len(self._log), "high": high}
        body = b"".join(array.tobytes() for array in self._arrays(high))
        return json.dumps(head).encode() + b"\n" + zlib.compress(body, 1)

    def restore(self, snapshot: bytes) -> None:
        """Go on from where a snapshot was taken. Raises FileFormatError for one of other features or a damaged one."""
        text, _, packed = snapshot.partition(b"\n")
        try:
            head, body = json.loads(text), zlib.decompress(packed)
        except (ValueError, zlib.error) as error:
            raise FileFormatError("snapshot", "bytes", "a damaged snapshot", "one as it was written") from error
        for name, value in (("format", FORMAT), ("features", list(self.names))):
            if head.get(name) != value:
                raise FileFormatError("snapshot", name, str(head.get(name)), str(value))
        self._log = np.zeros((head["log"], LOG), np.int64)
        used = int(self._books["high"][0])
        self._books["orders"][0][:used] = np.zeros(1, ORDER)
        at = 0
        for array in self._arrays(head["high"]):
            array[...] = np.frombuffer(body, array.dtype, array.size, at).reshape(array.shape)
            at += array.nbytes
        self._rows = head["rows"]

    def _arrays(self, high: int) -> tuple[np.ndarray, ...]:
        """All that a run depends on; of the arena the first `high` orders, behind which none was ever used."""
        books = self._books
        orders, pending = books["orders"][0][:high], self._pending[:high]
        return (
            books["joins"], books["high"], books["ladder"], orders, pending, self._state, self._totals, self._spare,
            self._tails, self._log,
        )  # fmt: skip
