"""LOBSTER pairs against a reader written in exact decimals, and against hand-worked rows."""

import zipfile
from decimal import Decimal
from itertools import pairwise

import make_lobster
import numpy as np
import pytest

from tickwright.core.errors import FileFormatError, OffGridError
from tickwright.core.events import Action, Flag, Side, TradingStatus
from tickwright.data.lobster.files import open_pairs
from tickwright.data.lobster.messages import chunks, instrument_of


def read(path, rows=65_536):
    (pair,) = open_pairs(path)
    parts = [(e.copy(), b.copy()) for e, b in chunks(pair, rows)]
    return np.concatenate([e for e, _ in parts]), np.concatenate([b for _, b in parts])


def test_every_type_of_message_by_hand(tmp_path):
    events, books = read(make_lobster.write_zip(tmp_path / "x.zip"))
    a, c, e, p, q, h = (Action.ADD, Action.CANCEL, Action.EXECUTE, Action.HIDDEN, Action.CROSS, Action.HALT)
    assert events["action"].tolist() == [a, a, c, e, c, p, p, q, h, h, h]
    assert events["order_id"].tolist() == [11, 12, 11, 12, 12, 0, 0, 0, 0, 0, 0]
    assert events["size"].tolist() == [
        100, 50, 40, 20, 30, 7, 8, 500, TradingStatus.HALTED, TradingStatus.QUOTING, TradingStatus.TRADING,
    ]  # fmt: skip
    assert events["price"].tolist() == [58000, 58010, 58000, 58010, 58010, 58005, 58005, 58002, 0, 0, 0]
    assert events["subtick"].tolist() == [0, 0, 0, 0, 0, 5000, 0, 5000, 0, 0, 0]
    b, s, n = Side.BID, Side.ASK, Side.NONE
    # a hidden buy order that executes (direction 1) was hit by a seller
    assert events["side"].tolist() == [b, s, b, s, s, s, b, n, n, n, n]
    assert events["sequence"].tolist() == list(range(1, 12))
    assert (events["flags"] == Flag.LAST).all()
    # New York is four hours behind UTC in June: 13:30 UTC
    opening = 1_340_285_400 * 10**9
    assert events["ts_event"].tolist()[:4] == [opening + 1, opening + 500_000_000, opening + 500_000_000,
                                               opening + 1_123_456_789]  # fmt: skip
    assert (events["ts_recv"] == events["ts_event"]).all()
    assert books.tolist()[:2] == [[0, 0, 58000, 100], [58010, 50, 58000, 100]]
    assert books.tolist()[-1] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("name", "count", "levels"),
    [("GOOG_2012-06-21_1", 49_482, 1), ("GOOG_2012-06-21_5", 112_673, 5), ("AAPL_2012-06-21_1", 118_497, 1)],
)
def test_recorded_files_equal_a_reader_in_exact_decimals(shared_data, name, count, levels):
    path = shared_data / "lobster" / f"LOBSTER_SampleFile_{name}.zip"
    events, books = read(path, 10_007)
    messages = make_lobster.rows(path, "message")
    assert len(events) == len(messages) == count
    actions = {"1": Action.ADD, "2": Action.CANCEL, "3": Action.CANCEL, "4": Action.EXECUTE, "5": Action.HIDDEN}
    assert events["ts_event"].tolist() == [make_lobster.nanos(row[0]) for row in messages]
    assert events["action"].tolist() == [actions[row[1]] for row in messages]
    assert events["order_id"].tolist() == [0 if row[1] == "5" else int(row[2]) for row in messages]
    assert events["size"].tolist() == [int(row[3]) for row in messages]
    exact = events["price"].astype(object) * 10_000 + events["subtick"]  # in hundred-millionths of a dollar / 100
    assert exact.tolist() == [int(row[4]) * 100 for row in messages]
    bids = [(row[5] == "1") != (row[1] == "5") for row in messages]
    assert events["side"].tolist() == [Side.BID if bid else Side.ASK for bid in bids]
    assert books.shape == (count, 4 * levels)
    assert books.tolist() == [book_row(row) for row in make_lobster.rows(path, "orderbook")]


def book_row(row):
    numbers = [int(text) for text in row]
    return [0 if abs(n) == 9_999_999_999 else n // 100 if i % 2 == 0 else n for i, n in enumerate(numbers)]


@pytest.mark.parametrize("rows", [1, 2, 3, 10, 11, 12, 1000])
def test_how_a_file_is_cut_into_chunks_changes_nothing(tmp_path, rows):
    path = make_lobster.write_zip(tmp_path / "x.zip")
    (pair,) = open_pairs(path)
    sizes = [len(e) for e, _ in chunks(pair, rows)]
    assert max(sizes) == min(rows, 11)
    for cut, whole in zip(read(path, rows), read(path), strict=True):
        assert np.array_equal(cut, whole)


def test_a_folder_inside_the_zip_line_ends_of_windows_and_no_last_line_end(tmp_path):
    whole = read(make_lobster.write_zip(tmp_path / "x.zip"))
    dressed = {name: text.replace("\n", "\r\n")[:-2] for name, text in make_lobster.members().items()}
    other = {"readme.txt": "hello", "__MACOSX/._" + next(iter(dressed)): "junk"}
    path = make_lobster.write_zip(tmp_path / "y.zip", {**dressed, **other}, prefix="GOOG/june/")
    for one, two in zip(whole, read(path), strict=True):
        assert np.array_equal(one, two)


def test_two_files_side_by_side_without_a_zip(tmp_path):
    for name, text in make_lobster.members().items():
        (tmp_path / name).write_text(text)
    whole = read(make_lobster.write_zip(tmp_path / "x.zip"))
    for kind in ("message", "orderbook"):
        got = read(tmp_path / make_lobster.STEM.format(kind=kind, levels=1))
        assert all(np.array_equal(a, b) for a, b in zip(got, whole, strict=True))


def test_several_days_in_one_zip(tmp_path):
    next_day = {name.replace("06-21", "06-22"): text for name, text in make_lobster.members().items()}
    pairs = open_pairs(make_lobster.write_zip(tmp_path / "x.zip", {**next_day, **make_lobster.members()}))
    assert [str(pair.date) for pair in pairs] == ["2012-06-21", "2012-06-22"]
    first = [next(iter(chunks(pair)))[0]["ts_event"][0] for pair in pairs]
    assert first[1] - first[0] == 86_400 * 10**9


def test_the_instrument_and_winter_time(tmp_path):
    winter = {name.replace("06-21", "12-21"): text for name, text in make_lobster.members().items()}
    (pair,) = open_pairs(make_lobster.write_zip(tmp_path / "x.zip", winter))
    stock = instrument_of(pair)
    assert (stock.symbol, stock.tick_size, stock.currency) == ("GOOG", Decimal("0.01"), "USD")
    opening = next(iter(chunks(pair)))[0]["ts_event"][0]
    assert opening % (86_400 * 10**9) == 14.5 * 3_600 * 10**9 + 1  # five hours behind UTC


def broken(tmp_path, messages=None, books=None):
    return make_lobster.write_zip(tmp_path / "x.zip", make_lobster.members(messages, books))


def changed(lines, number, text):
    return [text if k == number else line for k, line in enumerate(lines, 1)]


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (3, "34200.5,2,11,40,5800000", "message_1.csv: line 3: found '34200.5,2,11,40,5800000', expected 6 numbers"),
        (3, "34200.5,2,11,40,5800000,1,1", "line 3: found"),
        (3, "34200.5,2,11,,5800000,1", "line 3: found '34200.5,2,11,,5800000,1'"),
        (3, "34200.5,2,eleven,40,5800000,1", "line 3: found"),
        (3, "34200.5,2,11,40.5,5800000,1", "line 3: found"),
        (3, "", "line 3: found ''"),
        (3, "99999999.5,2,11,40,5800000,1", "line 3: found time 99999999.5, expected seconds of a day"),
        (3, "34200.5000000003,2,11,40,5800000,1", "line 3: found time 34200.5000000003, expected at most nine"),
        (3, "34200.4,2,11,40,5800000,1", "line 3: found time 34200.4 after a later one"),
        (3, "34200.5,8,11,40,5800000,1", "line 3: found type 8, expected a type from 1 to 7"),
        (3, "34200.5,0,11,40,5800000,1", "line 3: found type 0"),
        (3, "34200.5,2,0,40,5800000,1", "line 3: found order id 0"),
        (3, "34200.5,2,11,0,5800000,1", "line 3: found size 0, expected a positive size"),
        (3, "34200.5,2,11,-40,5800000,1", "line 3: found size -40"),
        (3, "34200.5,2,11,40,-1,1", "line 3: found price -1"),
        (3, "34200.5,2,11,40,5800000,0", "line 3: found direction 0"),
        (6, "34203.25,5,0,0,5800550,1", "line 6: found size 0"),
        (9, "34206,7,0,0,2,-1", "line 9: found halt with price 2, expected -1, 0 or 1"),
        (8, "34205,6,-1,-5,5800250,-1", "line 8: found size -5"),
    ],
)
def test_a_message_that_makes_no_sense_is_named(tmp_path, line, text, message):
    path = broken(tmp_path, messages=changed(make_lobster.MESSAGES, line, text))
    for rows in (2, 1000):  # the line is right whatever the chunks
        with pytest.raises(FileFormatError) as caught:
            read(path, rows)
        assert message in str(caught.value)


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (4, "5801000,30,5800000", "orderbook_1.csv: line 4: found '5801000,30,5800000', expected 4 numbers"),
        (4, "5801000,-30,5800000,60", "line 4: found sizes [-30, 60]"),
        (4, "5801000,0,5800000,60", "line 4: found sizes [0, 60]"),
        (4, "9999999999,5,5800000,60", "line 4: found sizes [5, 60]"),
    ],
)
def test_a_book_row_that_makes_no_sense_is_named(tmp_path, line, text, message):
    with pytest.raises(FileFormatError) as caught:
        read(broken(tmp_path, books=changed(make_lobster.BOOKS, line, text)), 3)
    assert message in str(caught.value)


def test_prices_off_the_grid(tmp_path):
    lines = changed(make_lobster.MESSAGES, 4, "34201.123456789,4,12,20,5801050,-1")
    with pytest.raises(OffGridError, match=r"message_1\.csv: line 4: price 580\.105 is not a whole multiple of 0\.01"):
        read(broken(tmp_path, messages=lines), 3)
    lines = changed(make_lobster.BOOKS, 4, "5801000,30,5800001,60")
    with pytest.raises(OffGridError, match=r"orderbook_1\.csv: line 4: price 580\.0001 is not"):
        read(broken(tmp_path, books=lines), 3)


@pytest.mark.parametrize(("messages", "books"), [(10, 11), (11, 10), (3, 11), (11, 0)])
def test_files_of_different_length_are_no_pair(tmp_path, messages, books):
    path = broken(tmp_path, make_lobster.MESSAGES[:messages], make_lobster.BOOKS[:books])
    with pytest.raises(FileFormatError, match=r"not a pair|found ''"):
        read(path, 4)


RECORDED = ("GOOG_2012-06-21_10", "GOOG_2012-06-21_5", "GOOG_2012-06-21_1", "AAPL_2012-06-21_1")


def contents_of(path, kind):
    """Name and lines of the message or orderbook member of a recorded zip."""
    with zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if f"_{kind}_" in n)
        return name, archive.read(name).decode().splitlines()


def test_rows_of_another_stock_are_no_pair(tmp_path, shared_data):
    goog, aapl = (shared_data / "lobster" / f"LOBSTER_SampleFile_{name}.zip" for name in RECORDED[2:])
    message, lines = contents_of(goog, "message")
    orderbook, _ = contents_of(goog, "orderbook")
    _, rows = contents_of(aapl, "orderbook")
    texts = {message: "\n".join(lines), orderbook: "\n".join(rows[: len(lines)])}
    path = make_lobster.write_zip(tmp_path / "x.zip", texts)
    for chunk in (1, 65_536):
        with pytest.raises(FileFormatError) as caught:
            read(path, chunk)
        told = str(caught.value)
        assert told.startswith(f"{path}: {message} with {orderbook}: message 2: found a"), told
        assert "the orderbook row does not follow from the message and the row before: not a pair" in told


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("ahead", [1, -1])
def test_rows_shifted_by_one_are_no_pair(tmp_path, shared_data, name, ahead):
    whole = shared_data / "lobster" / f"LOBSTER_SampleFile_{name}.zip"
    (message, lines), (orderbook, rows) = (contents_of(whole, kind) for kind in ("message", "orderbook"))
    lines, rows = lines[:5_000], rows[:5_000]
    read(make_lobster.write_zip(tmp_path / "y.zip", {message: "\n".join(lines), orderbook: "\n".join(rows)}))
    rows = [*rows[1:], rows[-1]] if ahead > 0 else [rows[0], *rows[:-1]]
    path = make_lobster.write_zip(tmp_path / "x.zip", {message: "\n".join(lines), orderbook: "\n".join(rows)})
    with pytest.raises(FileFormatError, match=r"with .*orderbook_\d+\.csv: message \d+: found .*: not a pair"):
        read(path)


@pytest.mark.parametrize(
    ("line", "row", "told"),
    [
        (1, "9999999999,0,5800000,99", "message 1: found a submission of 100 lots at 580.00 on the bid with 99 lots "
            "shown there, expected 100 lots"),
        (2, "5801000,49,5800000,100", "message 2: found a submission of 50 lots at 580.10 on the ask with 0 lots shown "
            "there in the row before and 49 in its own, expected 50 lots"),
        (3, "5801000,50,5800000,61", "message 3: found a cancellation of 40 lots at 580.00 on the bid with 100 lots "
            "shown there in the row before and 61 in its own, expected 60 lots"),
        (3, "5800000,60,-9999999999,0", "message 3: found a cancellation of 40 lots at 580.00 on the bid with 100 lots "
            "shown there in the row before and 0 in its own"),
        (4, "5801000,50,5800000,60", "message 4: found an execution of 20 lots at 580.10 on the ask with 50 lots shown "
            "there in the row before and 50 in its own, expected 30 lots"),
        (5, "5801000,5,5800000,60", "message 5: found a cancellation of 30 lots at 580.10 on the ask with 30 lots "
            "shown there in the row before and 5 in its own, expected 0 lots"),
    ],
)  # fmt: skip
def test_a_row_that_does_not_show_its_message(tmp_path, line, row, told):
    path = broken(tmp_path, books=changed(make_lobster.BOOKS, line, row))
    for chunk in (1, 2, 3, 1000):
        with pytest.raises(FileFormatError) as caught:
            read(path, chunk)
        assert told in str(caught.value)


def test_a_message_about_a_level_that_is_in_neither_row_is_no_pair(tmp_path):
    lines = changed(make_lobster.MESSAGES, 4, "34201.123456789,4,12,20,5802000,-1")
    told = "0 lots shown there in the row before and 0 in its own, expected at least 20 lots in the row before"
    with pytest.raises(FileFormatError, match=told):
        read(broken(tmp_path, messages=lines))


@pytest.mark.parametrize(
    "change",
    [
        lambda n: n.replace("GOOG", "AAPL"),
        lambda n: n.replace("06-21", "06-22"),
        lambda n: n.replace("orderbook_1", "orderbook_5"),
        lambda n: n.replace("57600000", "50000000"),
    ],
)
def test_files_of_different_names_are_no_pair(tmp_path, change):
    message, book = make_lobster.members().items()
    path = make_lobster.write_zip(tmp_path / "x.zip", dict([message, (change(book[0]), book[1])]))
    with pytest.raises(FileFormatError, match="not a pair"):
        open_pairs(path)


def test_zip_and_member_are_named(tmp_path):
    message, orderbook = make_lobster.members()
    path = broken(tmp_path, messages=changed(make_lobster.MESSAGES, 3, "34200.5,8,11,40,5800000,1"))
    with pytest.raises(FileFormatError, match="line 3") as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: {message}: line 3: found type 8")
    path = broken(tmp_path, books=changed(make_lobster.BOOKS, 3, "x"))
    with pytest.raises(FileFormatError, match="line 3") as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: {orderbook}: line 3: found 'x'")
    with pytest.raises(FileFormatError, match="not a pair") as caught:
        read(broken(tmp_path, books=make_lobster.BOOKS[:10]))
    assert str(caught.value).startswith(f"{path}: {orderbook}: line 11: found the end of the file")
    for name, text in make_lobster.members(books=["x"]).items():
        (tmp_path / name).write_text(text)
    with pytest.raises(FileFormatError, match="line 1") as caught:
        read(tmp_path / message)
    assert str(caught.value).startswith(f"{tmp_path / orderbook}: line 1: found 'x'")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("kind", [0, 1])
def test_a_wrong_checksum_is_damage_of_the_zip(tmp_path, compression, kind):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, text in make_lobster.members().items():
            archive.writestr(name, text)
        member = archive.infolist()[kind]
    raw = path.read_bytes()
    path.write_bytes(raw.replace(member.CRC.to_bytes(4, "little"), b"\1\2\3\4"))
    with pytest.raises(FileFormatError) as caught:
        read(path)
    expected = f"{path}: member {member.filename}: found Bad CRC-32 for file {member.filename!r}, expected a whole zip"
    assert str(caught.value) == f"{expected} file: it is damaged"


@pytest.mark.parametrize("kind", ["message", "orderbook"])
def test_a_missing_member_is_named(tmp_path, kind):
    contents = {name: text for name, text in make_lobster.members().items() if f"_{kind}_" not in name}
    with pytest.raises(FileFormatError, match=f"expected a member SYMBOL_DATE_START_END_{kind}_LEVELS.csv"):
        open_pairs(make_lobster.write_zip(tmp_path / "x.zip", contents))
    for name, text in contents.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(FileFormatError, match=f"no GOOG.*{kind}"):
            open_pairs(tmp_path / name)


def test_levels_in_the_name_and_columns_that_differ(tmp_path):
    path = make_lobster.write_zip(tmp_path / "x.zip", make_lobster.members(levels=2))
    with pytest.raises(FileFormatError, match=r"line 1: found .* expected 8 numbers"):
        read(path)


def test_a_truncated_or_damaged_zip_is_refused(tmp_path, shared_data):
    whole = (shared_data / "lobster" / "LOBSTER_SampleFile_GOOG_2012-06-21_1.zip").read_bytes()
    path = tmp_path / "x.zip"
    for cut in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(FileFormatError, match="whole zip file"):
            read(path)
    rng = np.random.default_rng(3)
    for place in rng.integers(2_000, len(whole) // 2, 10):
        path.write_bytes(whole[:place] + b"\x00\xff\x13\x37" + whole[place + 4 :])
        with pytest.raises(FileFormatError):
            read(path)


def test_time_may_stand_still_across_a_chunk_but_not_go_back(tmp_path):
    times = ["34200.1", "34200.1", "34200.1", "34200.0"]
    lines = [f"{t},1,{k},100,5800000,1" for k, t in enumerate(times, 1)]
    assert all(a >= b for a, b in pairwise(times))
    with pytest.raises(FileFormatError, match="line 4"):
        read(broken(tmp_path, lines, [f"5801000,50,5800000,{k}00" for k in (1, 2, 3, 4)]), 3)


def test_an_encrypted_or_unknown_compression_is_an_error_of_the_file(tmp_path):
    path = make_lobster.write_zip(tmp_path / "x.zip")
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        offset = archive.start_dir
    raw[offset + 8] |= 1  # the central directory says: encrypted
    path.write_bytes(bytes(raw))
    with pytest.raises(FileFormatError, match="member"):
        read(path)
