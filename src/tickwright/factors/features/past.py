"""What flows had come to after each event, kept for as long as a window may reach back: a flow as of any moment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tickwright.core.layout import to_rows
from tickwright.core.units import Nanos
from tickwright.factors.features.book_columns_kernel import over_windows
from tickwright.factors.features.columns import FIRST_OF_WINDOWS, BookFeature, Column, is_book_feature
from tickwright.factors.features.flow_kernel import LOG


class Past:
    """Running totals of one book, for the columns of `names` that are over a window of time."""

    def __init__(self, names: Sequence[str]) -> None:
        found = {k: BookFeature.parse(name).column for k, name in enumerate(names) if is_book_feature(name)}
        over_time = {k: column for k, column in found.items() if column.kind >= FIRST_OF_WINDOWS}
        self._places = np.array(list(over_time), np.int64)
        self._columns = to_rows(Column, list(over_time.values()))
        self._windows = [int(column.window) for column in over_time.values()]
        self._log: np.ndarray = np.zeros((1, LOG), np.int64)
        self._from = self._to = 0
        """Which part of the log is held; what lies before it no window reaches."""

    @property
    def log(self) -> np.ndarray:
        """What is held: of each event when it was, and the totals after it."""
        return self._log[self._from : self._to]

    def append(self, flows: np.ndarray) -> None:
        """The next events. The log is moved when it is full, and then has room for as many again as it holds."""
        if not self._windows:
            return
        assert len(flows), "rows of a feature over a window of time come with their flows"
        if self._to + len(flows) > len(self._log):
            held = self.log
            self._log = np.zeros((2 * (len(held) + len(flows)), LOG), np.int64)
            self._log[: len(held)] = held
            self._from, self._to = 0, len(held)
        self._log[self._to : self._to + len(flows)] = flows
        self._to += len(flows)

    def fill(self, first: Nanos, nows: np.ndarray, values: np.ndarray, statuses: np.ndarray) -> None:
        """Flows over (now − T, now] into (names, moments); what is before the first event, which was at `first`, is
        left as it is."""
        if not self._windows or not len(nows):
            return
        times = self.log[:, 0]
        upto = np.searchsorted(times, nows, side="right") - 1
        since = np.stack([np.searchsorted(times, nows - window, side="right") - 1 for window in self._windows])
        over_windows(self._columns, self._places, self.log, first, nows, upto, since, values, statuses)

    def drop(self, until: Nanos) -> None:
        """Forget what no window of a moment from `until` on reaches."""
        if self._windows:
            last = int(np.searchsorted(self.log[:, 0], until - max(self._windows), side="right")) - 1
            self._from += max(last, 0)

    def restore(self, log: np.ndarray) -> None:
        """Hold what another held."""
        self._log, self._from, self._to = log, 0, len(log)
