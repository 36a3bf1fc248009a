"""A day made in blocks, kept and mapped is the day made in one piece, to the byte; a run that rests does the same."""

import datetime as dt
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import CLOSE, OPEN, X, parent, same, session, tape

from tickwright.book.quotes import QuoteStream, quotes_of, trades_of
from tickwright.book.tape import TapeCompiler, centre_of, compile_tape
from tickwright.book.verify import verify_full
from tickwright.book.windowed import complete
from tickwright.core.events import MARKET_EVENT
from tickwright.core.time import local_date
from tickwright.core.units import SECOND
from tickwright.data.catalog import Catalog
from tickwright.data.hot import HotCache
from tickwright.data.ingest import ingest_lobster, write_events
from tickwright.risk.gate import GateLimits
from tickwright.run import market
from tickwright.run.engine import World
from tickwright.run.market import load_day
from tickwright.run.nested import NestedParent, Rest, drive
from tickwright.strategy.policies import parse_policy
from tickwright.tca.market import QuoteColumns
from tickwright.venue.sim.profile import Profile

DAY = local_date(OPEN, "UTC")


@pytest.fixture
def catalog(tmp_path, monkeypatch):
    """A generated session, read in small blocks; days of any size are kept."""
    monkeypatch.setattr(market, "WORTH_ROWS", 0)
    monkeypatch.setattr(Catalog, "chunks", small_chunks(Catalog.chunks))
    return session_catalog(tmp_path / "ticks")


def small_chunks(chunks, rows=997):
    def read(self, *place, **options):
        return chunks(self, *place, **{**options, "rows": rows})

    return read


def session_catalog(root):
    write_events(Catalog.create(root), X, session(), "generated")
    return Catalog.open(root)


def arrays_of(day):
    columns = day.market.quote_columns
    return {
        "tape": day.tape.rows, "quotes": day.market.quotes, "trades": day.market.trades, "ts": columns.ts,
        "two_sided": columns.two_sided, "mid_ts": columns.mids.ts, "mid2": columns.mids.mid2,
    }  # fmt: skip


def same_day(a, b):
    """Whether two days are alike in everything."""
    plain = ("instrument", "date", "begin", "end", "fingerprint", "window", "curve", "notes")
    assert [getattr(a, n) for n in plain] == [getattr(b, n) for n in plain]
    assert (a.tape.orders, a.tape.counts, a.tape.depth) == (b.tape.orders, b.tape.counts, b.tape.depth)
    assert a.market.previous_close == b.market.previous_close
    for (name, one), two in zip(arrays_of(a).items(), arrays_of(b).values(), strict=True):
        assert one.dtype == two.dtype, name
        assert one.tobytes() == two.tobytes(), name


def is_mapped(array):
    while isinstance(array, np.ndarray) and not isinstance(array, np.memmap):
        array = array.base
    return isinstance(array, np.memmap)


def test_in_blocks_kept_and_mapped_it_is_the_day_in_one_piece(catalog, tmp_path):
    cache = HotCache(tmp_path / "hot")
    in_memory = load_day(catalog, "X", DAY)
    made, found = load_day(catalog, "X", DAY, cache), load_day(catalog, "X", DAY, cache)
    for day in (made, found):
        same_day(day, in_memory)
        assert is_mapped(day.tape.rows)
    events = catalog.read("X")
    whole = compile_tape(events, on_unknown="count")
    assert in_memory.tape.rows.tobytes() == whole.rows.tobytes()
    assert (in_memory.tape.counts, in_memory.tape.orders) == (whole.counts, whole.orders)
    assert in_memory.market.trades.tobytes() == trades_of(events).tobytes()
    assert (in_memory.begin, in_memory.end) == (int(events["ts_event"][0]), int(events["ts_event"].max()))
    assert in_memory.market.quotes.tobytes() == quotes_of(whole).tobytes()


def test_what_is_kept_is_not_read_again_and_other_content_is_made_anew(catalog, tmp_path, monkeypatch):
    cache = HotCache(tmp_path / "hot")
    first = load_day(catalog, "X", DAY, cache)
    with monkeypatch.context() as patch:
        patch.setattr(Catalog, "chunks", lambda *_, **__: pytest.fail("read"))
        same_day(load_day(catalog, "X", DAY, cache), first)
    write_events(Catalog.create(catalog.root), X, session()[:-500], "shorter", replace=True)
    again = load_day(Catalog.open(catalog.root), "X", DAY, cache)
    assert len(again.tape.rows) < len(first.tape.rows)
    same_day(load_day(catalog, "X", DAY, cache), first)  # the reader of the earlier version keeps what it saw


def test_a_damaged_entry_is_made_again(catalog, tmp_path):
    cache = HotCache(tmp_path / "hot")
    first = load_day(catalog, "X", DAY)
    load_day(catalog, "X", DAY, cache)
    for file in (tmp_path / "hot").rglob("tape.npy"):
        damaged = bytearray(file.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        file.write_bytes(damaged)
    same_day(load_day(catalog, "X", DAY, cache), first)
    same_day(load_day(catalog, "X", DAY, cache), first)


def test_where_the_disk_refuses_the_day_is_made_in_memory(catalog, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    first = load_day(catalog, "X", DAY)
    same_day(load_day(catalog, "X", DAY, HotCache(tmp_path / "file" / "hot")), first)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tickwright.data.hot.Draft.append", full)
    same_day(load_day(catalog, "X", DAY, HotCache(tmp_path / "hot")), first)
    assert not list((tmp_path / "hot").iterdir())


def test_a_small_instrument_is_not_kept(tmp_path):
    day = load_day(session_catalog(tmp_path / "ticks"), "X", DAY, HotCache(tmp_path / "hot"))
    assert day.tape.counts.events < market.WORTH_ROWS
    assert not (tmp_path / "hot").exists()


def test_the_close_and_the_curve_of_earlier_days_are_kept_too(catalog, tmp_path, monkeypatch):
    later = session(2).copy()
    for name in ("ts_event", "ts_recv"):
        later[name] += 86_400 * SECOND
    write_events(Catalog.create(catalog.root), X, later, "the day after")
    both, next_day, cache = Catalog.open(catalog.root), DAY + dt.timedelta(days=1), HotCache(tmp_path / "hot")
    plain, first = load_day(both, "X", next_day), load_day(both, "X", next_day, cache)
    same_day(first, plain)
    assert plain.market.previous_close == int(trades_of(session())["price"][-1])
    assert plain.curve is not None
    monkeypatch.setattr(Catalog, "chunks", lambda *_, **__: pytest.fail("read"))
    same_day(load_day(both, "X", next_day, cache), plain)


def test_a_windowed_day_is_kept_as_it_is_completed(shared_data, tmp_path):
    ingest_lobster(shared_data / "lobster" / "LOBSTER_SampleFile_GOOG_2012-06-21_1.zip", tmp_path / "cat")
    stored, cache = Catalog.open(tmp_path / "cat"), HotCache(tmp_path / "hot")
    date = dt.date(2012, 6, 21)
    plain = load_day(stored, "GOOG", date)
    completed, window = complete(stored.read("GOOG"), stored.read("GOOG", "book-1"))
    assert plain.window == window
    assert plain.tape.rows.tobytes() == compile_tape(completed, on_unknown="count").rows.tobytes()
    with_cache = partial(load_day, stored, "GOOG", date, cache)
    market_kept = [with_cache(), with_cache()]
    for day in market_kept:
        same_day(day, plain)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.deferred(lambda: st.integers(0, len(session()))), max_size=12), st.integers(1, 3))
def test_quotes_trades_and_counts_do_not_depend_on_the_cuts(cuts, coarse):
    """However a feed is cut into blocks, its tape, quotes, columns, prints and verdict are those of the whole."""
    events = session().copy()
    events["ts_event"] -= events["ts_event"] % 10**coarse  # many rows of one moment
    whole = compile_tape(events, on_unknown="count")
    edges = [0, *sorted(cuts), len(events)]
    compiler, stream, latest = TapeCompiler("count"), QuoteStream(), -(2**63)
    quotes, trades, blocks = [], [], [events[a:b] for a, b in pairwise(edges)]
    for block in blocks:
        quotes.append(stream.feed(compiler.feed(block)))
        trades.append(trades_of(block, latest))
        latest = max(latest, int(block["ts_event"].max(initial=latest)))
    quotes.append(stream.close())
    found = np.concatenate(quotes)
    assert found.tobytes() == quotes_of(whole).tobytes()
    assert np.concatenate(trades).tobytes() == trades_of(events).tobytes()
    assert compiler.counts() == whole.counts
    columns = [QuoteColumns.of(part) for part in quotes]
    assert np.concatenate([c.mids.mid2 for c in columns]).tobytes() == QuoteColumns.of(found).mids.mid2.tobytes()
    assert verify_full(iter(blocks)) == verify_full(events)


def test_the_centre_is_the_median_of_the_first_thousand(monkeypatch):
    monkeypatch.setattr("tickwright.book.tape._CENTRE_BLOCK", 7)
    rows = tape().rows
    entering = rows["price"][rows["action"] == ord("A")]
    assert len(entering) > 1000
    assert centre_of(rows) == int(np.median(entering[:1000]))
    assert centre_of(rows[:0]) == 0
    assert centre_of(np.zeros(30, MARKET_EVENT)) == 0


@pytest.mark.parametrize("policy", ["twap/post-then-cross", "pov/requote", "twap/take"])
def test_a_run_that_rests_often_has_the_journal_of_one_that_does_not(policy, tmp_path):
    """Resting between any two events changes nothing: every command, verdict, report and fill has the same bytes."""
    cache = HotCache(tmp_path)
    with cache.making("k") as draft:
        draft.append("tape", tape().rows)
    mapped = tape().__class__(cache.get("k")[0]["tape"], tape().orders, tape().counts)
    journals = []
    for recorded, rows in ((tape(), None), (mapped, 61), (mapped, 1)):
        spec = parse_policy(policy)
        world = World([recorded], [X], Profile(), 1)
        order = parent(200, end=CLOSE - 60 * SECOND)
        slot = world.add_slot(0, order.side, 0, 200, spec.tick.code, spec.tick.params, GateLimits())
        drive(
            world, [NestedParent(order, spec.levels(), world, slot, 2 * SECOND)],
            rest=None if rows is None else Rest([recorded], rows),
        )  # fmt: skip
        journals.append(world.journal())
    assert len(journals[0].fills)
    assert all(same(journal, journals[0]) for journal in journals)
