"""Every error that Tickwright raises on purpose.

    TickwrightError
    ├── UsageError              a request that cannot be met as asked
    │   ├── ConfigError         a value or a key in a configuration or an option
    │   ├── ScheduleError       a parent order or a schedule that contradicts itself
    │   └── MarketLimitError    a parent larger than the market could fill
    ├── DataError               what the world gave us is not what it should be
    │   ├── FileFormatError     a file is truncated or not of its format: file, place, found, expected
    │   ├── OffGridError        a price or size is not a whole number of ticks or lots
    │   ├── BookError           an event that the book cannot apply
    │   ├── OrderReportError    a venue's report that contradicts the order it is about
    │   ├── CapacityError       a fixed capacity would be exceeded
    │   ├── BenchmarkError      the data hold no quote or no volume to form a benchmark from
    │   ├── VendorError         a data vendor's service refused, or answered with what it should not
    │   └── TrainingError       a training that cannot go on: it diverged, or its numbers are none
    ├── CatalogError            the catalog cannot serve or store
    │   ├── NotInCatalogError   the instrument, day, schema or time is not there
    │   └── StorageError        the disk refused (full, read-only)
    └── InternalError           a promise of ours is broken: a bug, never the user's fault

A message names the parameter or the place, the value, and what was expected. An InternalError, or anything outside
the tree, is a bug.
"""


class TickwrightError(Exception):
    """The root of the tree; the command line prints its message and exits with 2, or with 70 for an InternalError."""


class UsageError(TickwrightError):
    """A request that cannot be met as asked."""


class ConfigError(UsageError):
    """A configuration value or key is not acceptable."""

    def __init__(self, parameter: str, value: object, expected: str) -> None:
        super().__init__(f"{parameter}: got {value!r}, expected {expected}")
        self.parameter = parameter


class ScheduleError(UsageError):
    """A parent order or schedule contradicts itself, as one that ends before it begins."""


class DataError(TickwrightError):
    """What was read is not what it should be."""


class FileFormatError(DataError):
    """A file is truncated or not of its format."""

    def __init__(self, file: object, place: str, found: str, expected: str) -> None:
        # What stands in a file that is none may be anything, also what a terminal would obey.
        shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in found)
        super().__init__(f"{file}: {place}: found {shown}, expected {expected}")
        self.file = str(file)
        self.place = place


class OffGridError(DataError):
    """A price or a size is not a whole number of ticks or lots."""

    def __init__(self, what: str, value: object, grid: object, where: str = "") -> None:
        place = f"{where}: " if where else ""
        super().__init__(f"{place}{what} {value} is not a whole multiple of {grid}")


class BookError(DataError):
    """An event that the book cannot apply, as an execution larger than its order."""


class OrderReportError(DataError):
    """A venue's report contradicts the order it is about, as a fill larger than what was open."""


class CapacityError(DataError):
    """A fixed capacity (orders, levels, size of an integer) would be exceeded."""


class BenchmarkError(DataError):
    """The data hold no quote, no volume or no print to form a benchmark from."""


class VendorError(DataError):
    """A data vendor's service refused, could not be reached, or answered with something else than was asked for.

    `again` says whether another try may help; `wait_s` is how long the service asks to wait before it.
    """

    def __init__(self, message: str, *, again: bool = False, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.again = again
        self.wait_s = wait_s


class TrainingError(DataError):
    """A training that cannot go on: it diverged, or a number of it is none. What it had reached before is kept."""


class CatalogError(TickwrightError):
    """The catalog cannot serve or store what was asked."""


class NotInCatalogError(CatalogError):
    """The instrument, day, schema or time range is not in the catalog."""


class StorageError(CatalogError):
    """The disk refused: full, read-only or gone. What stood in the catalog before stands still."""


class MarketLimitError(UsageError):
    """A parent order is larger than the recorded market could fill."""


class InternalError(TickwrightError):
    """A promise that Tickwright makes is broken. A bug of ours; please report it with the manifest."""
