"""Market events and sources made for the tests of this folder."""

import re
from decimal import Decimal

import numpy as np

from tickwright.core.events import MARKET_EVENT, Action, Side
from tickwright.core.instrument import Instrument
from tickwright.core.units import DAY
from tickwright.data.store.schema import span_of
from tickwright.data.store.source import Source
from tickwright.data.store.versions import kept_paths

DAY_0 = 19_000  # 2022-01-08
GOOG = Instrument("GOOG", "XNAS", "USD", Decimal("0.01"), timezone="America/New_York", source="test")
ES = Instrument("ESH4", "XCME", "USD", Decimal("0.25"), multiplier=Decimal(50), timezone="America/Chicago")


def source(name: str) -> Source:
    return Source(name, "test", f"digest of {name}", 10)


def events(seed: int, count: int = 100, day: int = 0, days: int = 1) -> np.ndarray:
    """Random events; ts_recv rises over the days, ts_event trails by up to a minute and so steps back at times."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, MARKET_EVENT)
    rows["ts_recv"] = np.sort(rng.integers(0, days * DAY, count)) + (DAY_0 + day) * DAY
    rows["ts_event"] = rows["ts_recv"] - rng.integers(0, 60 * 10**9, count)
    rows["order_id"] = rng.integers(1, 2**63, count, dtype=np.uint64) * np.uint64(2)  # above int64 too
    rows["price"] = rng.integers(-100, 10**6, count)
    rows["size"] = rng.integers(0, 1000, count)
    rows["sequence"] = np.arange(count)
    rows["instrument_id"], rows["venue_id"] = 2**32 - 1, 2**16 - 1
    rows["subtick"] = rng.integers(0, 10_000, count)
    rows["action"] = rng.choice([Action.ADD, Action.CANCEL, Action.TRADE], count)
    rows["side"] = rng.choice([Side.BID, Side.ASK], count)
    rows["flags"] = rng.integers(0, 256, count)
    return rows


def put(catalog, instrument, rows, name, *, schema="events", times=None, replace=False, append=False) -> None:
    """One source with one chunk."""
    with catalog.ingest(source(name), replace=replace, append=append) as session:
        session.append(instrument, schema, rows, times)


def state(catalog):
    """All that a reader can see: the listing, and the bytes of every row."""
    listing = catalog.ls()
    # A day of a schema whose files hold more is a range of time, and its first day may hold no row at all.
    spans = dict.fromkeys((r.instrument, r.schema) for r in listing if span_of(r.schema) != "D")
    days = [r for r in listing if span_of(r.schema) == "D"]
    content = {(r.instrument, r.schema, r.day): catalog.read(r.instrument, r.schema, day=r.day) for r in days}
    content |= {(symbol, schema, None): catalog.read(symbol, schema) for symbol, schema in spans}
    return listing, {key: rows.tobytes() for key, rows in content.items()}


def stray_files(catalog):
    """Files under the catalog that none of its versions knows."""
    named = kept_paths(catalog.files, catalog._manifest)
    found = {str(p.relative_to(catalog.root)) for p in catalog.root.rglob("*") if p.is_file()}
    versions = {name for name in found if re.fullmatch(r"versions/\d{6}\.json", name)}
    return found - named - versions - {"manifest.json", ".lock"}
