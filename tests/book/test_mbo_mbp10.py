"""MBO → MBP-10: the book of the orders against ten levels that a venue of dictionaries wrote beside them."""

import csv
import gzip
import json

import databento_dbn as dbn
import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from mbp10_twin import TICK, Venue, write

from tickwright.app.cli import main
from tickwright.app.first_use import NOTICE
from tickwright.book.verify_depth import common_price_unit, verify_depth
from tickwright.core.errors import BookError
from tickwright.data.databento.layouts import MBO, MBP_10

EVERY_ACTION = set("ACMRTFN")


def raw(records, layout):
    return np.frombuffer(b"".join(bytes(record)[: layout.itemsize] for record in records), layout)


def compare(venue, cut=10**9, mbp10=None):
    """In blocks of `cut` records."""
    orders = raw(venue.mbo, MBO)
    depth = raw(venue.mbp10, MBP_10) if mbp10 is None else mbp10
    unit = common_price_unit([orders])

    def pieces(rows):
        return (rows[i : i + cut] for i in range(0, len(rows), cut))

    return verify_depth(pieces(orders), pieces(depth), unit)


@pytest.mark.parametrize("each", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_every_record_shows_the_book_of_the_orders(seed, each):
    """Invariant: through all actions, sides, flags and clears the ten levels of every record are the book's."""
    venue = Venue(seed, each, snapshot=seed % 2 == 1).run(1_500)
    assert venue.kinds == EVERY_ACTION
    counts = compare(venue)
    assert counts.mismatches == 0, (seed, counts)
    assert (counts.rows, counts.events) == (len(venue.mbp10), len(venue.mbo))
    assert counts.unknown_orders == 0
    assert counts.rows > 1_000
    sides = {(str(r.action), str(r.side)) for r in venue.mbo}
    assert {(a, s) for a in "ACMTF" for s in "AB"} < sides
    assert min(r.levels[9].bid_sz + r.levels[9].ask_sz for r in venue.mbp10) == 0, "never fewer than ten levels"
    assert max(r.levels[9].bid_ct for r in venue.mbp10) > 1


@pytest.mark.parametrize(("cut", "packets"), [(1, 30), (7, 100), (100, 300)])
def test_blocks_are_not_seen(cut, packets):
    venue = Venue(77).run(packets)
    assert compare(venue, cut) == compare(venue)
    depth = raw(venue.mbp10, MBP_10).copy()
    depth["levels"]["bid_sz"][20, 0] += 1
    assert compare(venue, cut, depth) == compare(venue, mbp10=depth)
    counts = compare(venue, cut, depth)
    assert counts.mismatches == counts.differing > 0
    assert counts.first_row == 20, "it shows the state before its own, which the packet went through too"


FIELDS = ("bid_px", "ask_px", "bid_sz", "ask_sz", "bid_ct", "ask_ct")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("level", [0, 4, 9])
@pytest.mark.parametrize("each", [True, False])
def test_one_planted_fault_is_found_where_it_is(field, level, each):
    """Invariant: any single number changed in any record is one mismatch, at that record."""
    venue = Venue(5, each).run(400)
    depth = raw(venue.mbp10, MBP_10)
    draw = np.random.default_rng(level)
    whole = np.flatnonzero((depth["levels"]["bid_sz"][:, level] > 0) & (depth["levels"]["ask_sz"][:, level] > 0))
    for row in draw.choice(whole, 3):
        damaged = depth.copy()
        damaged["levels"][field][row, level] += TICK if field.endswith("px") else 1
        counts = compare(venue, mbp10=damaged)
        assert counts.differing == counts.mismatches
        assert counts.first_row == row
        side = "bid" if field.startswith("bid") else "ask"
        assert counts.first_difference is not None
        assert counts.first_difference.startswith(f"{side} level {level}: ") or counts.differing > 1


NO_PRICE = 2**63 - 1
DAMAGES = {
    "px": (lambda px: px + TICK, lambda px: px - TICK, lambda px: px + 1, lambda _: NO_PRICE, lambda _: 0),
    "sz": (lambda sz: sz + 1, lambda sz: max(sz, 2) - 1, lambda _: 0, lambda _: 2**32 - 1),
    "ct": (lambda ct: ct + 1, lambda ct: max(ct, 2) - 1, lambda _: 0, lambda _: 2**32 - 1),
}


def damaged(depth, row, field, level, how):
    """With one number changed; None when the damage changes nothing. An empty level's price counts up from none."""
    rows = depth.copy()
    was = int(rows["levels"][field][row, level])
    base = 19_200 * TICK if was == NO_PRICE else was
    now = DAMAGES[field[-2:]][how](base)
    if now == was:
        return None
    rows["levels"][field][row, level] = now
    return rows


@pytest.mark.parametrize("each", [True, False])
def test_every_number_of_every_record(each):
    """Invariant: whichever price, size or count of whichever side and level of whichever record changes, it is seen."""
    venue = Venue(11, each, snapshot=True).run(10 if each else 16)
    orders, depth = raw(venue.mbo, MBO), raw(venue.mbp10, MBP_10)
    assert {chr(a) for a in depth["action"]} >= set("ACMT")
    tried = 0
    for row in range(len(depth)):
        for field in FIELDS:
            for level in range(10):
                rows = damaged(depth, row, field, level, (row + level) % len(DAMAGES[field[-2:]]))
                if rows is not None:
                    tried += 1
                    counts = verify_depth([orders], [rows], TICK)
                    assert counts.mismatches > 0, (row, chr(depth["action"][row]), field, level)
    assert tried > 50 * len(depth)


flows = st.builds(
    lambda seed, each, snapshot, packets: Venue(seed, each, snapshot).run(packets),
    st.integers(0, 2**32), st.booleans(), st.booleans(), st.integers(3, 60),
)  # fmt: skip


@settings(max_examples=80, deadline=None, derandomize=True)
@given(flows, st.data())
def test_any_flow_agrees_and_any_damage_is_seen(venue, data):
    """Invariant: records of any flow agree with its orders; one number changed in one of them, and they do not."""
    counts = compare(venue, cut=data.draw(st.sampled_from([1, 5, 10**9])))
    assert (counts.mismatches, counts.rows, counts.events) == (0, len(venue.mbp10), len(venue.mbo)), counts
    if not venue.mbp10:
        return
    depth = raw(venue.mbp10, MBP_10)
    row, level = data.draw(st.integers(0, len(depth) - 1)), data.draw(st.integers(0, 9))
    field = data.draw(st.sampled_from(FIELDS))
    rows = damaged(depth, row, field, level, data.draw(st.integers(0, len(DAMAGES[field[-2:]]) - 1)))
    assert rows is None or compare(venue, mbp10=rows).mismatches > 0


@settings(max_examples=40, deadline=None, derandomize=True)
@given(flows, st.data())
def test_records_out_of_place_are_seen(venue, data):
    """Invariant: a record twice, two levels or sides exchanged, another time, sequence, or kind of record is seen."""
    depth = raw(venue.mbp10, MBP_10).copy()
    if not len(depth):
        return
    row, level = data.draw(st.integers(0, len(depth) - 1)), data.draw(st.integers(0, 8))
    assert compare(venue, mbp10=np.insert(depth, row, depth[row])).mismatches > 0
    for name, change in (("sequence", 1_000_000), ("ts_recv", 1), ("ts_recv", -1)):
        rows = depth.copy()
        rows[name][row] = int(depth[name][row]) + change
        assert compare(venue, mbp10=rows).mismatches > 0, (name, change)
    rows = depth.copy()
    rows["action"][row] = ord("A") if rows["action"][row] == ord("T") else ord("T")
    assert compare(venue, mbp10=rows).mismatches > 0
    rows = depth.copy()
    rows["levels"][row, [level, level + 1]] = rows["levels"][row, [level + 1, level]]
    if (rows["levels"][row] != depth["levels"][row]).any():
        assert compare(venue, mbp10=rows).mismatches > 0
    rows = depth.copy()
    for field in ("px", "sz", "ct"):
        rows["levels"][f"bid_{field}"][row] = depth["levels"][f"ask_{field}"][row]
        rows["levels"][f"ask_{field}"][row] = depth["levels"][f"bid_{field}"][row]
    if (rows["levels"][row] != depth["levels"][row]).any():
        assert compare(venue, mbp10=rows).mismatches > 0


@pytest.mark.parametrize("each", [True, False])
def test_a_trade_without_its_record_is_seen(each):
    """Invariant: every trade has its record, behind the first record of the file."""
    venue = Venue(12, each).run(200)
    depth = raw(venue.mbp10, MBP_10)
    trades = [k for k in np.flatnonzero(depth["action"] == ord("T")).tolist() if k]
    assert len(trades) > 10
    for row in trades:
        assert compare(venue, mbp10=np.delete(depth, row)).mismatches > 0


def test_what_a_feed_leaves_out_inside_a_packet_is_not_a_fault():
    """The exception that is written down: a state between, neither of a trade nor the last, may stay unsaid."""
    venue = Venue(13).run(200)
    depth = raw(venue.mbp10, MBP_10)
    between = [
        k
        for k in range(1, len(depth) - 1)
        if depth["sequence"][k] == depth["sequence"][k + 1] and depth["action"][k] != ord("T")
    ]
    assert len(between) > 20
    for row in between[:20]:
        assert compare(venue, mbp10=np.delete(depth, row)).mismatches == 0


def test_the_price_grid_is_that_of_the_orders():
    """A trade between ticks, or a damaged level, does not make the book's ticks billionths, which no ladder holds."""
    venue = Venue(14).run(50)
    orders = raw(venue.mbo, MBO).copy()
    orders["price"][orders["action"] == ord("T")] += 1
    assert common_price_unit([orders]) == TICK
    assert verify_depth([orders], [raw(venue.mbp10, MBP_10)], TICK).mismatches == 0


def test_the_words_for_a_fault():
    venue = Venue(5).run(100)
    depth = raw(venue.mbp10, MBP_10).copy()
    row = 60
    price, size, count = (int(depth["levels"][f"bid_{x}"][row, 2]) for x in ("px", "sz", "ct"))
    depth["levels"]["bid_sz"][row, 2] += 3
    counts = compare(venue, mbp10=depth)
    there = f"at {price // 10**9}.{price % 10**9:09d}".rstrip("0").rstrip(".")
    said = counts.first_difference.replace(".00 ", " ")
    assert said == f"bid level 2: {size + 3} {there} in {count} orders, the book has {size} {there} in {count} orders"


def test_a_record_that_is_left_out_or_put_in_is_found():
    venue = Venue(6, each=False).run(300)
    depth = raw(venue.mbp10, MBP_10)
    book = [k for k in range(10, len(depth) - 1) if depth["action"][k] != ord("T")]
    lone = next(k for k in book if depth["sequence"][k] not in (depth["sequence"][k - 1], depth["sequence"][k + 1]))
    counts = compare(venue, mbp10=np.delete(depth, lone))
    assert (counts.missing, counts.mismatches) == (1, 1)
    other = depth[[lone]].copy()
    other["sequence"] += 1_000_000
    counts = compare(venue, mbp10=np.insert(depth, lone + 1, other))
    assert (counts.unmatched, counts.mismatches, counts.first_row) == (1, 1, lone + 1)
    counts = compare(venue, mbp10=np.append(depth, other))
    assert (counts.unmatched, counts.mismatches, counts.first_row) == (1, 1, len(depth))


def test_an_order_left_out_of_the_orders_is_found():
    venue = Venue(8).run(400)
    at = next(k for k, r in enumerate(venue.mbo) if str(r.action) == "A" and k > 20)
    del venue.mbo[at]
    counts = compare(venue)
    assert counts.mismatches > 0
    assert counts.unknown_orders > 0


def test_a_file_of_two_instruments_and_two_files_of_one_each_are_refused():
    one, other = Venue(1).run(10), Venue(1, number=9).run(10)
    with pytest.raises(BookError, match="the MBP-10 file holds instrument 17077, the MBO file 9;"):
        verify_depth([raw(other.mbo, MBO)], [raw(one.mbp10, MBP_10)], TICK)
    with pytest.raises(BookError, match="one book is of one instrument"):
        verify_depth([raw(one.mbo + other.mbo, MBO)], [raw(one.mbp10, MBP_10)], TICK)


def test_empty_files():
    counts = verify_depth([], [], 1)
    assert (counts.rows, counts.events, counts.mismatches) == (0, 0, 0)
    venue = Venue(1).run(10)
    assert verify_depth([], [raw(venue.mbp10, MBP_10)], TICK).unmatched == len(venue.mbp10)
    assert verify_depth([raw(venue.mbo, MBO)], [], TICK).mismatches == 0  # nothing was said, so nothing is missing


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err.replace(f"{NOTICE}\n", "")


def test_the_command(tmp_path, capsys):
    venue = Venue(3).run(500)
    mbo = write(tmp_path / "x.mbo.dbn", dbn.Schema.MBO, venue.mbo)
    mbp10 = write(tmp_path / "x.mbp-10.dbn", dbn.Schema.MBP_10, venue.mbp10)
    code, out, _ = run(capsys, "data", "verify-book", "--mbo", mbo, "--mbp10", mbp10, "--json")
    told = json.loads(out)
    assert (code, told["rows"], told["mismatches"], told["events"]) == (0, len(venue.mbp10), 0, len(venue.mbo))
    body = bytearray(mbp10.read_bytes())
    body[-12] ^= 1  # asks' size of the last level of the last record
    mbp10.write_bytes(body)
    code, out, _ = run(capsys, "data", "verify-book", "--mbo", mbo, "--mbp10", mbp10, "--json")
    told = json.loads(out)
    assert (code, told["mismatches"], told["first_row"]) == (2, 1, len(venue.mbp10) - 1)
    assert run(capsys, "data", "verify-book", "--mbo", mbo, "--mbp10", mbp10)[0] == 2


def packed(path):
    """The same file as zstd."""
    there = path.with_name(path.name + ".zst")
    there.write_bytes(zstandard.ZstdCompressor().compress(path.read_bytes()))
    return there


@pytest.mark.parametrize("seed", range(4))
def test_generated_flow_through_files_and_the_command(tmp_path, capsys, seed):
    """Invariant: what a venue of dictionaries writes twice agrees through DBN and the command, one bit off does not."""
    venue = Venue(100 + seed, each=seed % 2 == 0, snapshot=seed < 2).run(400)
    assert venue.kinds == EVERY_ACTION
    files = [
        packed(write(tmp_path / "x.mbo.dbn", dbn.Schema.MBO, venue.mbo)),
        packed(write(tmp_path / "x.mbp-10.dbn", dbn.Schema.MBP_10, venue.mbp10)),
    ]
    code, out, err = run(capsys, "data", "verify-book", "--mbo", files[0], "--mbp10", files[1], "--json")
    told = json.loads(out)
    assert (code, told["rows"], told["mismatches"], err) == (0, len(venue.mbp10), 0, "")
    body = bytearray((tmp_path / "x.mbp-10.dbn").read_bytes())
    draw = np.random.default_rng(seed)
    start = len(body) - MBP_10.itemsize * len(venue.mbp10)
    for row in draw.integers(0, len(venue.mbp10), 5).tolist():
        at = start + MBP_10.itemsize * row + MBP_10.fields["levels"][1] + int(draw.integers(0, 320))
        bit = 1 << int(draw.integers(0, 8))
        body[at] ^= bit
        (tmp_path / "y.dbn").write_bytes(body)
        code, out, _ = run(capsys, "data", "verify-book", "--mbo", files[0], "--mbp10", tmp_path / "y.dbn", "--json")
        told = json.loads(out)
        assert (code, told["rows"]) == (2, len(venue.mbp10))
        assert told["mismatches"] > 0, (seed, row, at)
        body[at] ^= bit


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ([], "none"),
        (["--mbo", "x"], "--mbo"),
        (["--catalog", "x", "--date", "2020-01-01"], "--catalog, --date"),
        (["--catalog", "x", "--instrument", "A", "--date", "2020-01-01", "--mbo", "y"], "--mbo"),
    ],
)
def test_half_of_the_options_is_refused(capsys, options, named):
    code, _, told = run(capsys, "data", "verify-book", *options)
    assert code == 2
    assert named in told
    assert "--catalog, --instrument and --date together, or --mbo and --mbp10 together" in told


def test_files_that_are_not_what_is_asked(tmp_path, capsys):
    venue = Venue(3).run(5)
    mbo = write(tmp_path / "x.mbo.dbn", dbn.Schema.MBO, venue.mbo)
    code, _, told = run(capsys, "data", "verify-book", "--mbo", mbo, "--mbp10", mbo)
    assert code == 2
    assert "mbp-10" in told
    code, _, told = run(capsys, "data", "verify-book", "--mbo", mbo, "--mbp10", tmp_path / "none")
    assert code == 2
    assert "--mbp10: got" in told


def test_recorded_pairs(shared_data, capsys):
    """NASDAQ's begins with an empty book and agrees; CME's files are of other times, so nothing can be compared."""
    folder = shared_data / "databento" / "samples"
    for name in ("XNAS.ITCH", "GLBX.MDP3"):
        files = (folder / name / f"test_data.{schema}.dbn.zst" for schema in ("mbo", "mbp-10"))
        code, out, err = run(capsys, "data", "verify-book", "--mbo", next(files), "--mbp10", next(files), "--json")
        if name == "XNAS.ITCH":
            told = {"mismatches": 0, "unmatched": 0, "rows": 4, "events": 4}
            assert (code, {**json.loads(out), **told}) == (0, json.loads(out))
        else:
            assert (code, out) == (2, "")
            assert "--mbp10: got" in err
            assert "none is" in err


def test_recorded_records_change_the_levels(shared_data):
    """What the law rests on, in a recording: each record but a trade's shows other levels than the one before it."""
    file = shared_data / "databento" / "aapl_xnas_mbp10_20241021_5000rows.csv.gz"
    with gzip.open(file, "rt") as text:
        rows = list(csv.DictReader(text))
    names = [name for name in rows[0] if name.startswith(("bid_", "ask_"))]
    levels = [tuple(row[name] for name in names) for row in rows]
    pairs = zip(rows[1:], levels[1:], levels[:-1], strict=True)
    changed = [now != before for row, now, before in pairs if row["action"] != "T"]
    assert len(changed) == 4713
    assert all(changed)
