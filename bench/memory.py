"""A day of any number of events through ingest and replay: how much memory each takes, and how fast it goes.

1. A day is written as a DBN file in segments, each a flow of its own after a CLEAR, so that writing it is bounded too.
2. `ingest` stores it in a catalog.
3. `load` compiles it into the hot cache, as the first run of a day does; once more, as every later run does.
4. `replay` works one parent order over the whole day through the engine, the gate and the cost of its latency.

Each step is a process of its own. Memory is the kernel's account of it (`/proc/self/status`), looked at every 10 ms:
`anonymous` is what only this process can hold, and what counts against a limit; `file` are pages of files that it has
mapped, tapes and libraries, which the system takes back when it needs them; `peak_bytes` is the most of both together
(VmHWM), exact, whatever fell between two looks.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from bench.dbn import SYMBOL, header, records_of
from bench.draw import START
from bench.flow import FlowLaw, generate
from bench.measure import Row, in_child
from tickwright.core.events import Action, Flag, Side
from tickwright.core.time import local_date, time_text
from tickwright.core.units import SECOND
from tickwright.data.catalog import Catalog
from tickwright.data.hot import HotCache
from tickwright.data.ingest import ingest_dbn
from tickwright.run.compose import gate_of, parent_order, policy_spec, profile_of
from tickwright.run.config import ExecuteConfig, GateConfig, OrderConfig, ProfileConfig
from tickwright.run.execute import run_policy
from tickwright.run.market import MarketDay, load_day

SEGMENT = 5_000_000
SPAN_S = 20_000
"""About how long a day lasts, whatever its number of events."""
WARM = 200_000
"""Events of the small day that goes first, so that nothing is compiled where memory is measured."""
_STATUS = re.compile(r"^Rss(Anon|File):\s+(\d+) kB", re.MULTILINE)


def measure(folder: Path, events: int) -> Row:
    """A small day and then one of `events` → what each step took. Raises ChildError."""
    rows: Row = {}
    for size in (min(WARM, events), events):
        place = folder / f"day-{size}"
        place.mkdir(exist_ok=True)
        file, where = place / "day.dbn", {"catalog": str(place / "catalog"), "cache": str(place / "hot")}
        rows = {"events": in_child("memory_day", file=str(file), events=size)["events"]}
        rows["ingest"] = in_child("memory_ingest", file=str(file), catalog=where["catalog"])
        file.unlink()
        rows["compile"] = in_child("memory_load", **where)
        rows["load"] = in_child("memory_load", **where)
        rows["replay"] = in_child("memory_replay", **where)
    return rows


def write_day(file: str, events: int) -> Row:
    """Write about `events` records as one day."""
    rate, at, written = events / SPAN_S, START, 0
    with open(file, "wb") as out:
        out.write(header(START + 86_400 * SECOND - START % (86_400 * SECOND) - 1))
        for k in range(-(-events // SEGMENT)):
            rows, _ = generate(FlowLaw(rows=min(SEGMENT, events - k * SEGMENT), rate=rate, seed=7 + k))
            for name in ("ts_event", "ts_recv"):
                rows[name] += at - START
            rows["order_id"][rows["order_id"] > 0] += np.uint64(k * SEGMENT)
            rows["sequence"] += np.uint64(written)
            if k:
                clear = rows[:1].copy()
                clear["action"], clear["side"], clear["flags"] = Action.CLEAR, Side.NONE, Flag.LAST
                clear["order_id"] = clear["size"] = 0
                out.write(records_of(clear).tobytes())
                written += 1
            for begin in range(0, len(rows), 1_000_000):
                out.write(records_of(rows[begin : begin + 1_000_000]).tobytes())
            at, written = int(rows["ts_event"][-1]), written + len(rows)
    return {"events": written}


def ingest(file: str, catalog: str) -> Row:
    """The DBN file into a catalog."""
    with _watched() as found:
        rows = ingest_dbn(file, catalog).rows
    return {**found, "events": rows, "events_per_s": rows / found["wall_s"]}


def load(catalog: str, cache: str) -> Row:
    """The day of the catalog as the engine needs it, by way of the cache."""
    with _watched() as found:
        day = _load(catalog, cache)
    return {**found, "events": day.tape.counts.events, "events_per_s": day.tape.counts.events / found["wall_s"]}


def replay(catalog: str, cache: str) -> Row:
    """One parent order from the first minute to the last through every event of the day."""
    day = _load(catalog, cache)
    minute = 60 * SECOND
    policy = "twap/post-then-cross"
    order = OrderConfig(SYMBOL, "buy", "1000", _clock(day.begin + minute), _clock(day.end - minute))
    config = ExecuteConfig(catalog, day.date.isoformat(), (order,), (policy,))
    parent = parent_order(order, day, 0)
    spec, instrument = policy_spec(policy, "cross"), day.instrument
    with _watched() as found:
        (result,) = run_policy(
            config, spec, [parent], {SYMBOL: day}, {SYMBOL: profile_of(ProfileConfig(), instrument)},
            {SYMBOL: gate_of(GateConfig(), instrument)}, 2 * SECOND, {}, {},
        )  # fmt: skip
    seen = int(np.searchsorted(day.tape.rows["ts_event"], result.ended))
    return {
        **found, "events": seen, "events_per_s": seen / found["wall_s"], "commands": len(result.journal.commands),
        "filled": int(result.journal.fills["size"].sum()),
    }  # fmt: skip


def _load(catalog: str, cache: str) -> MarketDay:
    opened = Catalog.open(Path(catalog))
    date = local_date(START, opened.instrument(SYMBOL).timezone)
    return load_day(opened, SYMBOL, date, HotCache(Path(cache), most_bytes=1 << 40))


@contextmanager
def _watched() -> Iterator[Row]:
    """Times of what is done, and the most of each kind of memory meanwhile."""
    found: Row = {"anonymous_bytes": 0, "file_bytes": 0}
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.01):
            _look(found)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield found
    finally:
        found["wall_s"], found["cpu_s"] = time.perf_counter() - wall, time.process_time() - cpu
        done.set()
        watcher.join()
        _look(found)


def _look(found: Row) -> None:
    held = {kind: int(kilobytes) * 1024 for kind, kilobytes in _STATUS.findall(Path("/proc/self/status").read_text())}
    found["anonymous_bytes"] = max(found["anonymous_bytes"], held.get("Anon", 0))
    found["file_bytes"] = max(found["file_bytes"], held.get("File", 0))


def _clock(ts: int) -> str:
    return time_text(ts, "America/Chicago")
