"""The factor store: a plain model beside it after every random step, reads as of a moment, and what it refuses."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from factor_worlds import bars, stamped
from hypothesis import given, settings
from hypothesis import strategies as st

from tickwright.core.errors import CatalogError, ConfigError, DataError
from tickwright.core.units import MINUTE
from tickwright.data.reference.sectors import Sectors, Statement
from tickwright.data.store.writer import take_lock
from tickwright.factors.beta.config import MarketBetaConfig
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.feed import Feed
from tickwright.factors.rows import SCHEMA
from tickwright.factors.sources.reference import ReferenceSource
from tickwright.factors.store.compare import compare, total
from tickwright.factors.store.live import LiveWriter
from tickwright.factors.store.rows import STORED, Origin
from tickwright.factors.store.store import FactorStore
from tickwright.factors.stream import Stream
from tickwright.factors.tags import definition_of

CONFIG = MarketBetaConfig(lookback_length=12, min_observations=5, min_nonzero_x=2, grid="1min", overnight=True)
FACTORY = BetaFactory(CONFIG)
MADE_BY = definition_of(FACTORY.node, CONFIG.bars, CONFIG.resolved(), CONFIG.benchmark)
SERIES = MADE_BY.series
LIVE, BACKFILL = Origin.LIVE, Origin.BACKFILL


def made(rows):
    """Output rows of (symbol, ts_event, ts_available, value); None is a gap."""
    columns = {
        "ts_event": [r[1] for r in rows], "ts_available": [r[2] for r in rows], "symbol": [r[0] for r in rows],
        "benchmark": SERIES[1], "factor_id": SERIES[0], "value": [r[3] for r in rows], "stderr": 0.5, "r2": None,
        "n_obs": 9, "n_missing": 3, "span_ns": 12 * MINUTE,
        "status": ["gap" if r[3] is None else "ok" for r in rows], "fingerprint": "00ff",
    }  # fmt: skip
    height = len(rows)
    return pl.DataFrame(
        {n: v if isinstance(v, list) else [v] * height for n, v in columns.items()}, schema_overrides=SCHEMA
    )


def told(frame):
    return [(r["symbol"], r["ts_event"], r["ts_available"], r["value"]) for r in frame.iter_rows(named=True)]


CELL = st.tuples(st.sampled_from("AB"), st.integers(0, 4), st.integers(0, 3), st.sampled_from([None, 1.0, 2.0]))
WRITES = st.lists(st.tuples(st.sampled_from(list(Origin)), st.lists(CELL, min_size=1, max_size=5)), max_size=8)


@settings(max_examples=40, deadline=None)
@given(WRITES, st.integers(0, 8), st.integers(0, 9))
def test_reads_are_those_of_a_plain_model(tmp_path_factory, writes, as_of, recorded_by):
    """After any writes, what a read gives is the last written version that was known and recorded by then; a write
    leaves out what stands there; nothing that was ever read as of (t, s) changes by a later write."""
    store = FactorStore.open(tmp_path_factory.mktemp("store"))
    model = []  # (origin, symbol, ts_event, ts_available, value, recorded), in the order of writing
    for recorded, (origin, cells) in enumerate(writes):
        rows = {(s, t): (s, t, t + late, v) for s, t, late, v in cells}
        last = {m[:3]: m for m in model}
        new = [r for r in rows.values() if last.get((origin, *r[:2]), (0,) * 6)[3:5] != r[2:]]
        again = [r for r in new if (origin, *r[:2]) in last]
        refused = origin is LIVE and any(r[2] <= last[origin, *r[:2]][3] for r in again)
        if refused:
            with pytest.raises(DataError, match="a correction has a later ts_available"):
                store.append(made(list(rows.values())), MADE_BY, origin, recorded)
            continue
        written = store.append(made(list(rows.values())), MADE_BY, origin, recorded)
        assert (written.rows, written.corrected, written.already) == (len(new), len(again), len(rows) - len(new))
        model += [(origin, *r, recorded) for r in new]
    for origin in Origin:
        seen = {}
        for m in model:
            if m[0] is origin and m[3] <= as_of and m[5] <= recorded_by:
                seen[m[1:3]] = m[1:5]
        found = store.read([SERIES], origin, as_of=as_of, recorded_by=recorded_by)
        assert told(found) == sorted(seen.values(), key=lambda r: r[:2])
    assert len(store.read(versions="all")) == len(model)


def test_a_correction_is_seen_from_when_it_was_known_on(tmp_path):
    store = FactorStore.open(tmp_path)
    store.append(made([("A", 1, 2, 1.0), ("A", 2, 3, 1.1)]), MADE_BY, LIVE, 10)
    store.append(made([("A", 1, 7, 1.5)]), MADE_BY, LIVE, 11)
    assert told(store.read(as_of=6)) == [("A", 1, 2, 1.0), ("A", 2, 3, 1.1)]
    assert told(store.read(as_of=7)) == [("A", 1, 7, 1.5), ("A", 2, 3, 1.1)]
    assert told(store.read(as_of=1)) == []
    assert told(store.read(versions="first")) == [("A", 1, 2, 1.0), ("A", 2, 3, 1.1)]
    assert told(store.read(recorded_by=10, start=1, end=2)) == [("A", 1, 2, 1.0)]
    assert len(store.read(versions="all")) == 3
    assert dict(store.read().schema) == STORED


def test_minus_zero_is_another_number_than_zero(tmp_path):
    """Equal means to the bit."""
    store = FactorStore.open(tmp_path)
    store.append(made([("A", 1, 2, 0.0), ("A", 2, 3, 0.0)]), MADE_BY, LIVE, 1)
    store.append(made([("A", 1, 2, -0.0), ("A", 2, 3, 0.0)]), MADE_BY, BACKFILL, 2)
    found = compare(store).row(0, named=True)
    assert (found["equal"], found["within"], found["mismatched"], found["first_ts"]) == (1, 1, 0, 1)
    assert store.append(made([("A", 2, 3, -0.0)]), MADE_BY, BACKFILL, 3).corrected == 1


def test_the_resolved_configuration_lies_beside_the_output_and_comes_back(tmp_path):
    FactorStore.open(tmp_path).append(made([("A", 1, 2, 1.0)]), MADE_BY, BACKFILL, 1)
    found = FactorStore.open(tmp_path).definitions()[SERIES]
    assert MarketBetaConfig(**found.settings) == CONFIG
    assert found == MADE_BY
    assert found.graph[-1]["id"] == FACTORY.factor_id


def test_what_is_no_output_of_a_factor_is_refused_and_nothing_is_stored(tmp_path):
    store, good = FactorStore.open(tmp_path), made([("A", 1, 2, 1.0), ("A", 2, 3, None)])
    other = definition_of(BetaFactory(CONFIG.but(lookback_length=13)).node, CONFIG.bars, {}, "market")
    for error, words, frame, by in (
        (DataError, "A at 1: it is ok and has no value", good.with_columns(value=None), MADE_BY),
        (DataError, "A at 2: it has a value and is not ok", good.with_columns(value=1.0), MADE_BY),
        (DataError, "not finite", good.with_columns(stderr=float("inf")), MADE_BY),
        (DataError, "not finite", made([("A", 1, 2, float("nan"))]), MADE_BY),
        (DataError, "there twice", pl.concat([good, good]), MADE_BY),
        (DataError, "lacks a time", good.with_columns(ts_available=pl.lit(None, pl.Int64)), MADE_BY),
        (ConfigError, "factor_id", good, other),
        (ConfigError, "status is not", good.drop("status"), MADE_BY),
    ):  # fmt: skip
        with pytest.raises(error, match=words):
            store.append(frame, by, BACKFILL, 1)
    assert not store.book.parts
    with pytest.raises(ConfigError, match="behind a URL"):
        FactorStore.open("s3://bucket/ticks")


def test_two_writers(tmp_path):
    """The second is refused by name while the first is at work; one after the other, each sees what the first did."""
    one, two = FactorStore.open(tmp_path), FactorStore.open(tmp_path)
    with take_lock(one.folder), pytest.raises(CatalogError, match="another writer is at work"):
        two.append(made([("A", 1, 2, 1.0)]), MADE_BY, LIVE, 1)
    assert one.append(made([("A", 1, 2, 1.0)]), MADE_BY, LIVE, 1).rows == 1
    assert two.append(made([("A", 1, 2, 1.0), ("B", 1, 2, 2.0)]), MADE_BY, LIVE, 2).already == 1
    assert len(one.read()) == 1  # a reader keeps what it opened
    one.refresh()
    assert len(one.read()) == 2


def test_rows_that_could_not_be_stored_wait(tmp_path):
    """A live writer that meets another writer loses nothing."""
    store = FactorStore.open(tmp_path)
    writer = LiveWriter(store, MADE_BY, lambda rows, slots: made([("A", int(s), int(s) + 1, 1.0) for s in slots]))
    writer.take(np.array([1, 2]), np.zeros((1, 2)))
    with take_lock(store.folder), pytest.raises(CatalogError, match="another writer"):
        writer.flush(5)
    assert writer.waiting == 2
    assert writer.flush(6).rows == 2
    assert writer.flush(7) is None


def test_damage_has_a_name(tmp_path):
    """A flipped byte anywhere in a part or in the book, a cut file, a lost one: an error that names the file."""
    store = FactorStore.open(tmp_path)
    store.append(made([("A", t, t + 1, float(t)) for t in range(50)]), MADE_BY, BACKFILL, 1)
    part, book = store.folder / store.book.parts[0].path, store.folder / "book.json"
    rng = np.random.default_rng(5)
    for path in (part, book):
        whole = path.read_bytes()
        for at in (0, len(whole) - 1, *rng.integers(0, len(whole), 30).tolist()):
            hurt = bytearray(whole)
            hurt[at] ^= 1 << int(rng.integers(8))
            path.write_bytes(hurt)
            with pytest.raises(CatalogError, match=f"{path.name}.*damaged"):
                FactorStore.open(tmp_path).read()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(CatalogError, match=f"{path.name}.*damaged"):
            FactorStore.open(tmp_path).read()
        path.unlink()
        with pytest.raises(CatalogError, match=f"{path.name}.*(cannot be read|is missing)"):
            FactorStore.open(tmp_path).read()
        path.write_bytes(whole)
    assert len(FactorStore.open(tmp_path).read()) == 50


KILLED = """
import builtins, os, signal, sys
sys.path[:0] = [{tests!r}]
from test_store import BACKFILL, MADE_BY, FactorStore, made
store = FactorStore.open({root!r})
left = {left}
def wrap(original):
    def call(*args, **kw):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kw)
    return call
for place, name in ((os, "fsync"), (os, "replace"), (os, "open"), (os, "mkdir"), (os, "unlink"), (builtins, "open")):
    setattr(place, name, wrap(getattr(place, name)))
store.append(made([("A", t, t + 1, 2.0) for t in range(20)]), MADE_BY, BACKFILL, 2)
"""
FORKS = """
import os, sys
sys.path[:0] = [{tests!r}]
import test_store
for left in range(40):
    root = f"{root}/{{left}}"
    child = os.fork()
    if child == 0:
        exec(test_store.KILLED.format(tests={tests!r}, root=root, left=left))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(left, os.waitstatus_to_exitcode(status), flush=True)
"""


def test_a_writer_killed_anywhere_leaves_the_old_store_or_the_new_one(tmp_path):
    """Killed at every call of the operating system in turn: all of the write is there or nothing; the next one works,
    and what the killed one left is gone."""
    here = str(Path(__file__).parent)
    for left in range(40):
        FactorStore.open(tmp_path / str(left)).append(made([("B", 1, 2, 1.0)]), MADE_BY, BACKFILL, 1)
    run = [sys.executable, "-c", FORKS.format(tests=here, root=tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    ended = [int(line.split()[1]) for line in done.stdout.splitlines()]
    assert ended[0] == -9
    assert ended[-1] == 0
    assert ended.count(-9) > 8
    held = []
    for left in range(40):
        store = FactorStore.open(tmp_path / str(left))
        held.append(len(store.read()))
        assert held[-1] in (1, 21)
        store.append(made([("C", 1, 2, 3.0)]), MADE_BY, LIVE, 3)
        assert len(FactorStore.open(tmp_path / str(left)).read()) == held[-1] + 1
        left_there = {p.name for p in store.folder.rglob("*") if p.is_file()}
        assert left_there == {".lock", "book.json", *(Path(p.path).name for p in store.book.parts)}
    assert set(held) == {1, 21}


def test_what_a_stream_tells_equals_the_backfill_to_the_bit_and_a_planted_fault_is_found(tmp_path):
    """Live rows of a stream against a batch over the same bars: no mismatch; one changed value, one lost row and one
    status are found where they are."""
    rng, store = np.random.default_rng(3), FactorStore.open(tmp_path)
    slots = 25_000_000 + np.arange(300)
    prices = {name: stamped(rng, bars(rng, slots)) for name in ("A", "B", "M")}
    returns = {n: FACTORY.returns_of(n, patience=10 * MINUTE) for n in prices}
    batch = FACTORY.compute({n: returns[n].returns([prices[n]]) for n in "AB"}, returns["M"].returns([prices["M"]]))
    stream = Stream(FACTORY.graph, {"asset": [returns["A"], returns["B"]], "market": returns["M"]})
    writer = LiveWriter(store, MADE_BY, lambda rows, s: FACTORY.frame(rows, s, ["A", "B"]))
    feed = sorted((int(t), n, k) for n, p in prices.items() for k, t in enumerate(p["ts_available"]))
    for _, n, k in feed:
        row = {key: values[k : k + 1] for key, values in prices[n].items()}
        told_now = stream.push("market" if n == "M" else "asset", row, int(n == "B"))
        writer.take(told_now[0], told_now[1][FACTORY.factor_id])
    last = stream.close()
    writer.take(last[0], last[1][FACTORY.factor_id])
    writer.flush(7)
    assert compare(store)["both"].to_list() == [0, 0]
    store.append(batch, MADE_BY, BACKFILL, 8)
    same = compare(store)
    assert same["equal"].to_list() == same["both"].to_list()
    assert same["symbol"].to_list() == ["A", "B"]
    assert same["live_only"].sum() == same["backfill_only"].sum() == 0
    assert total(same)["both"] == len(batch) > 500

    ok = batch.filter((pl.col("status") == "ok") & (pl.col("symbol") == "A"))["ts_event"].to_list()
    odd = tmp_path / "odd"
    faulty = FactorStore.open(odd)
    at = pl.col("ts_event")
    a = pl.col("symbol") == "A"
    wrong = batch.filter(~(a & (at == ok[5]))).with_columns(
        value=pl.when(a & (at == ok[9])).then(pl.col("value") + 0.01).when(a & (at == ok[20])).then(
            pl.col("value") * (1 + 2e-16)).when(a & (at == ok[30])).then(None).otherwise(pl.col("value")),
        status=pl.when(a & (at == ok[30])).then(pl.lit("gap", SCHEMA["status"])).otherwise(pl.col("status")),
    )  # fmt: skip
    faulty.append(wrong, MADE_BY, LIVE, 1)
    faulty.append(batch, MADE_BY, BACKFILL, 2)
    found = compare(faulty).row(0, named=True)
    assert (found["mismatched"], found["within"], found["status_differs"]) == (2, 1, 1)
    assert (found["live_only"], found["backfill_only"], found["revised"]) == (0, 1, 0)
    assert (found["first_ts"], found["first_column"]) == (ok[9], "value")
    assert found["max_difference"] == pytest.approx(0.01)
    assert found["mismatch_rate"] == 2 / found["both"]
    assert compare(faulty)["mismatched"].to_list() == [2, 0]


def test_a_warm_up_of_a_backfill_never_replaces_what_stands(tmp_path):
    store = FactorStore.open(tmp_path)
    store.append(made([("A", 1, 2, 1.0), ("A", 2, 3, None)]), MADE_BY, BACKFILL, 1)
    late = made([("A", 1, 2, None), ("A", 2, 3, None), ("A", 3, 4, None)]).with_columns(
        status=pl.lit("warmup", SCHEMA["status"])
    )
    written = store.append(late, MADE_BY, BACKFILL, 2)
    assert (written.rows, written.corrected, written.already) == (1, 0, 2)
    assert store.read()["status"].to_list() == ["ok", "gap", "warmup"]
    again = store.append(made([("A", 3, 4, 1.0), ("A", 1, 2, 1.5)]), MADE_BY, BACKFILL, 3)
    assert (again.corrected, store.read()["value"].to_list()) == (2, [1.5, None, 1.0])


def test_rows_of_another_section_are_refused(tmp_path):
    """Of one basket there is one: A of other symbols, other weights or other members is another series."""
    config = CONFIG.but(benchmark="basket")
    factory = BetaFactory(config)
    by = definition_of(factory.node, config.bars, config.resolved(), config.benchmark)
    rng, store = np.random.default_rng(3), FactorStore.open(tmp_path)
    prices = {name: bars(rng, 25_000_000 + np.arange(60)) for name in "ABCD"}
    day = dt.date(2017, 1, 1)
    said = [Statement(name, "Tech", day, None, day) for name in "ABC"]
    members = ReferenceSource(Sectors(tuple(said)))
    whole = Feed(factory, ("A", "B", "C")).history(prices)
    assert store.append(whole, by, BACKFILL, 1).rows == len(whole)
    assert store.append(whole, by, LIVE, 1).rows == len(whole)
    every = [
        Feed(factory, ("A", "B", "D")),
        Feed(factory, ("A", "B")),
        Feed(factory, ("A", "B", "C"), weights={"A": 1.0, "B": 1.0, "C": 2.0}),
        Feed(factory, ("A", "B", "C"), members=members),
    ]
    for feed in every:
        for origin in (BACKFILL, LIVE):
            with pytest.raises(DataError, match=r"fingerprint is .* of other symbols, weights or members"):
                store.append(feed.history(prices), by, origin, 2)
    first, second = whole.filter(pl.col("ts_event") < 25_000_030 * MINUTE), every[0].history(prices)
    second = second.filter(pl.col("ts_event") >= 25_000_030 * MINUTE)
    with pytest.raises(DataError, match="another section than one before it"):
        FactorStore.open(tmp_path / "new").append(pl.concat([first, second]), by, BACKFILL, 1)
    apart = ReferenceSource(Sectors((*said[:2], Statement("C", "Tech", day, None, dt.date(2019, 1, 1)))))
    prints = {
        str(feed.history(prices)["fingerprint"][0]) for feed in (*every, Feed(factory, tuple("ABC"), members=apart))
    }
    assert len(prints) == 5
    assert members.digest == ReferenceSource(Sectors(tuple(reversed(said)))).digest


@pytest.mark.parametrize(
    ("column", "value"), [("ts_available", 4), ("n_obs", 8), ("n_missing", 4), ("span_ns", 11 * MINUTE)]
)
def test_what_has_no_tolerance_is_a_mismatch(tmp_path, column, value):
    store, rows = FactorStore.open(tmp_path), made([("A", 1, 2, 1.0), ("A", 2, 3, 1.0)])
    store.append(rows, MADE_BY, LIVE, 1)
    odd = pl.when(pl.col("ts_event") == 2).then(pl.lit(value, SCHEMA[column])).otherwise(pl.col(column)).alias(column)
    store.append(rows.with_columns(odd), MADE_BY, BACKFILL, 2)
    found = compare(store).row(0, named=True)
    assert (found["equal"], found["within"], found["mismatched"], found["other_differs"]) == (1, 0, 1, 1)
    assert (found["first_ts"], found["first_column"], found["status_differs"]) == (2, column, 0)
    assert total(compare(store))["other_differs"] == 1
