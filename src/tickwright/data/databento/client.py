"""What a download asks of Databento's historical service, and the official client that answers it.

1. A `Request` says what is wanted; it is checked here, before anything is sent.
2. A `Historical` is whatever can estimate and fetch it. `OfficialClient` is the one that talks to Databento, through
   the package `databento`, which is an extra and is imported only when it is used.
3. Whatever goes wrong there becomes a `VendorError` that says what happened and whether another try may help.

The key is read from the environment and goes to the official client alone: no message holds it.
"""

from __future__ import annotations

import re
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from tickwright.core.errors import ConfigError, StorageError, VendorError
from tickwright.core.units import DAY, Nanos
from tickwright.data.utc import utc_text

MOST_SYMBOLS = 2_000
_DATASET = re.compile(r"^[A-Z0-9]+(\.[A-Z0-9]+)+$")
_RETRIED = (408, 425, 429)
_MOST_DAYS = 20_000  # each is a file, and asked for by itself
_ADVICE = {
    401: "the key is not accepted; see https://databento.com/portal/keys",
    402: "the account cannot pay for this; see https://databento.com/portal",
    403: "the key has no right to this dataset or range",
    422: "the request is not one that the service can serve: look at dataset, schema, symbols, symbol type and range",
    429: "too many requests",
}


@dataclass(frozen=True, slots=True)
class Request:
    """A range of one schema of a dataset. `end` is not part of it. Raises ConfigError for what cannot be meant."""

    dataset: str
    schema: str
    symbols: tuple[str, ...]
    stype: str
    start: Nanos
    end: Nanos

    def __post_init__(self) -> None:
        check_subscription(self.dataset, self.schema, self.symbols, self.stype)
        if self.end <= self.start:
            after = f"a time after --start, {utc_text(self.start)}; the end is not part of the range"
            raise ConfigError("--end", utc_text(self.end), after)
        if self.end - self.start > _MOST_DAYS * DAY:
            raise ConfigError("--end", utc_text(self.end), f"at most {_MOST_DAYS:,} days from {utc_text(self.start)}")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What Databento says a request costs in US dollars, and how much it is, uncompressed."""

    usd: Decimal
    bytes: int
    records: int

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.usd + other.usd, self.bytes + other.bytes, self.records + other.records)


class Historical(Protocol):
    """A service of recorded data. Both raise VendorError, ConfigError."""

    def estimate(self, request: Request) -> Estimate:
        """Cost and size of a request; asking is free."""

    def fetch(self, request: Request, path: Path) -> list[str]:
        """Write the answer, a zstd DBN stream, to a new file, and return what the service warned of. Raises
        StorageError too."""


def check_subscription(dataset: str, schema: str, symbols: tuple[str, ...], stype: str) -> None:
    """Raises ConfigError for a name that Databento does not have."""
    import databento_dbn

    if not _DATASET.match(dataset):
        raise ConfigError("--dataset", dataset, "a Databento dataset as GLBX.MDP3 or XNAS.ITCH")
    for parameter, value, kind in (
        ("--schema", schema, databento_dbn.Schema),
        ("--stype", stype, databento_dbn.SType),
    ):
        names = [str(name) for name in kind.variants()]
        if value not in names:
            raise ConfigError(parameter, value, f"one of {', '.join(names)}")
    if not 0 < len(symbols) <= MOST_SYMBOLS:
        raise ConfigError("--symbols", f"{len(symbols)} symbols", f"1 to {MOST_SYMBOLS}")
    for symbol in symbols:
        if not symbol.isprintable() or not symbol.strip() or "," in symbol or "|" in symbol:
            raise ConfigError("--symbols", symbol, "a symbol as ES.c.0 or ESH4")


def key_from(environment: Mapping[str, str], variable: str) -> str:
    """The key in an environment variable. Raises ConfigError, which names the variable and never the key."""
    key = environment.get(variable, "").strip()
    if not key:
        raise ConfigError(f"environment variable {variable}", None, "your Databento key; it is read from nowhere else")
    if not (key.isascii() and key.isprintable()) or " " in key or key == "YOUR_API_KEY":
        raise ConfigError(f"environment variable {variable}", "what is no key", "your Databento key")
    return key


def official_package() -> Any:
    """The package `databento`. Raises ConfigError, which says how to install it."""
    with warnings.catch_warnings():  # it turns all DeprecationWarnings on when it is imported
        try:
            import databento
        except ImportError as error:
            raise ConfigError(
                "databento", "no such package", "the official client: pip install 'tickwright[databento]'"
            ) from error
    return databento


class OfficialClient:
    """Databento's own client. `gateway` is another server than Databento's; the client speaks https to it."""

    def __init__(self, key: str, gateway: str | None = None) -> None:
        databento = official_package()
        self._key = key
        try:
            self._client = databento.Historical(key, **({} if gateway is None else {"gateway": gateway}))
        except ValueError as error:
            raise ConfigError("--gateway", gateway, "the address of a server as https://hist.databento.com") from error

    def estimate(self, request: Request) -> Estimate:
        """Cost, billable bytes and records, as Databento states them."""
        metadata = self._client.metadata
        asked = _arguments(request)
        usd = self._number("cost", metadata.get_cost, asked)
        size = self._number("billable size", metadata.get_billable_size, asked)
        records = self._number("record count", metadata.get_record_count, asked)
        return Estimate(usd, int(size), int(records))

    def fetch(self, request: Request, path: Path) -> list[str]:
        """The stream, as it comes, in a new file."""
        from databento.common.error import BentoWarning

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.simplefilter("ignore", ResourceWarning)
            try:
                self._stream(request, path)
            except BaseException as error:
                _let_go(error)
                raise
        told = [str(warning.message) for warning in caught if issubclass(warning.category, BentoWarning)]
        return [text.replace(self._key, "****") for text in told]

    def _stream(self, request: Request, path: Path) -> None:
        try:
            with _named(self._key):
                self._client.timeseries.get_range(**_arguments(request), path=path)
        except VendorError as error:
            if error.again or not path.exists():
                raise
            # The request was met, but the client could not open what it had written.
            raise VendorError(f"what came is no DBN stream: {error}", again=True) from None

    def _number(self, what: str, ask: Callable[..., Any], asked: dict[str, Any]) -> Decimal:
        with _named(self._key):
            answer = ask(**asked)
        if isinstance(answer, bool) or not isinstance(answer, int | float) or not 0 <= answer < 2**63:
            raise VendorError(f"Databento answered {answer!r} for the {what}, expected a number")
        return Decimal(str(answer))


def _arguments(request: Request) -> dict[str, Any]:
    return {
        "dataset": request.dataset, "schema": request.schema, "symbols": list(request.symbols),
        "stype_in": request.stype, "start": request.start, "end": request.end,
    }  # fmt: skip


def _let_go(error: BaseException | None) -> None:
    """A client whose stream breaks leaves its file open in a frame that the error keeps alive."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__


@contextmanager
def _named(key: str) -> Iterator[None]:
    """What the official client raises inside, as an error of ours."""
    import requests  # comes with it
    from databento.common.error import BentoError, BentoHttpError
    from databento_dbn import DBNError

    def hidden(error: object) -> str:
        return " ".join(str(error).replace(key, "****").split())[:500]

    try:
        yield
    except BentoHttpError as error:
        raise _refusal(error.http_status, hidden(error), error.headers) from None
    except requests.exceptions.JSONDecodeError as error:
        raise VendorError(f"Databento's answer is not JSON: {hidden(error)}") from None
    except requests.RequestException as error:
        raise VendorError(f"Databento could not be reached: {hidden(error)}", again=True) from None
    except BentoError as error:
        cause = error.__context__
        if isinstance(cause, OSError) and not isinstance(cause, requests.RequestException):
            raise StorageError(f"{cause.filename or 'the file of the day'}: {cause.strerror}") from None
        broken = str(error).startswith("Error streaming response")
        raise VendorError(hidden(error), again=broken) from None
    except OSError as error:
        raise StorageError(f"{error.filename or 'the file of the day'}: {error.strerror or error}") from None
    except (DBNError, ValueError, TypeError, AttributeError, KeyError) as error:
        # The client checks names, and expects JSON objects where a stranger may send anything.
        raise VendorError(f"Databento's client did not accept the request or its answer: {hidden(error)}") from None


def _refusal(status: int, text: str, headers: Mapping[str, Any]) -> VendorError:
    """An HTTP status as an error. Server errors and too many requests may pass; the others will not."""
    again = status in _RETRIED or status // 100 == 5
    advice = f" ({_ADVICE[status]})" if status in _ADVICE else ""
    return VendorError(f"Databento refused with {text}{advice}", again=again, wait_s=retry_after(headers))


def retry_after(headers: Mapping[str, Any]) -> float | None:
    """Seconds that the header Retry-After asks for; None when it is absent or a date, which nothing here needs."""
    given = {str(name).lower(): value for name, value in headers.items()}.get("retry-after")
    try:
        wait = float(given) if given is not None else None
    except (TypeError, ValueError):
        return None
    return wait if wait is not None and 0 <= wait < 86_400 else None
