"""A live session with Databento: what is subscribed to, and the official client that connects.

A `Gateway` connects and hands the bytes of the session to a `Writer`, in a thread of its own: first the metadata, then
record by record. `OfficialGateway` does so through the package `databento`, which is an extra.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from tickwright.core.errors import ConfigError, VendorError
from tickwright.data.databento.client import check_subscription, official_package

# A connection over which nothing comes for this long, and ten seconds more, counts as lost.
HEARTBEAT_S = 10
_CLOSE_S = 10.0


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is subscribed to. Raises ConfigError for a name that Databento does not have."""

    dataset: str
    schema: str
    symbols: tuple[str, ...]
    stype: str
    snapshot: bool

    def __post_init__(self) -> None:
        check_subscription(self.dataset, self.schema, self.symbols, self.stype)
        if self.snapshot and self.schema != "mbo":
            raise ConfigError("--snapshot", self.schema, "the schema mbo, the only one that has snapshots")


class Writer(Protocol):
    """What the bytes of a session are handed to: the metadata, then record by record."""

    def write(self, data: bytes) -> Any:
        """Take the metadata of a session or one record."""


class Connection(Protocol):
    """A session under way."""

    def alive(self) -> bool:
        """Whether it still stands."""

    def close(self) -> str:
        """End it, wait for what is on the way, and say why it ended."""


class Gateway(Protocol):
    """Whatever can be subscribed to."""

    def connect(self, subscription: Subscription, writer: Writer) -> Connection:
        """Begin a session. Raises VendorError."""


class OfficialGateway:
    """Databento's own client. `address` is `host:port` of another gateway than the dataset's."""

    def __init__(self, key: str, address: str | None = None) -> None:
        self._key = key
        self._place: dict[str, Any] = {}
        if address is not None:
            host, _, port = address.rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65_536:
                raise ConfigError("--gateway", address, "HOST:PORT")
            self._place = {"gateway": host, "port": int(port)}
        self._databento = official_package()

    def connect(self, subscription: Subscription, writer: Writer) -> Connection:
        """Connect, authenticate, subscribe, start."""
        from databento.common.error import BentoError

        client = self._databento.Live(self._key, heartbeat_interval_s=HEARTBEAT_S, **self._place)
        # Without a callback of its own the client warns and goes on when a write fails; the writer keeps its failure.
        client.add_stream(writer, exception_callback=lambda error: None)
        s = subscription
        try:
            client.subscribe(s.dataset, s.schema, list(s.symbols), s.stype, snapshot=s.snapshot)
            client.start()
        except (BentoError, ValueError, OSError) as error:
            client.terminate()
            text = " ".join(str(error).replace(self._key, "****").split())
            passing = isinstance(error, OSError) or text.startswith(("Connection to", "Authentication with"))
            raise VendorError(f"no session with the gateway: {text}", again=passing) from None
        except BaseException:
            client.terminate()
            raise
        return _OfficialConnection(client, self._key)


@dataclass(slots=True)
class _OfficialConnection:
    client: Any
    key: str

    def alive(self) -> bool:
        return bool(self.client.is_connected())

    def close(self) -> str:
        from databento.common.error import BentoError

        self.client.stop()
        try:
            self.client.block_for_close(timeout=_CLOSE_S)
        except BentoError as error:
            return str(error).replace(self.key, "****") or "the connection was lost"
        finally:
            self.client.terminate()
        return "the gateway ended the session"
