"""The layouts of DBN records against those of Databento's own library: every field, every version."""

import datetime as dt
from collections import Counter

import databento_dbn as dbn
import make_dbn
import make_dbn_rows as make
import numpy as np
import pytest

from tickwright.core.errors import FileFormatError
from tickwright.core.units import DAY
from tickwright.data.databento.layouts import RECORDS
from tickwright.data.databento.metadata import parse
from tickwright.data.databento.records import blocks_of, read_mbp10

EVERY = [(schema, version) for schema in make.SCHEMAS for version in (1, 2, 3)]


def fields(layout):
    """(name, Databento's name, level) of every field that is read."""
    for name in layout.names:
        if name == "levels":
            for level in range(layout[name].shape[0]):
                for inner in layout[name].base.names:
                    if not inner.startswith("_"):
                        yield inner, f"{inner}_{level:02d}", level
        elif not name.startswith("_"):
            yield name, name, None


def value(rows, name, level):
    column = rows[name] if level is None else rows["levels"][name][:, level]
    return column.tolist()


def same(theirs):
    return [x[0] if isinstance(x, bytes) and len(x) == 1 else x for x in theirs.tolist()]


@pytest.mark.parametrize(("schema", "version"), EVERY)
def test_every_field_of_random_bytes_is_where_databento_has_it(schema, version):
    theirs = make.layout(schema, version)
    ours = RECORDS[schema].layout(version)
    assert ours.itemsize == theirs.itemsize
    assert RECORDS[schema].rtype == dbn.RType.from_schema(dbn.Schema.from_str(schema)).value
    raw = np.random.default_rng(version).integers(1, 256, 50 * theirs.itemsize, np.uint8).tobytes()
    found, expected = np.frombuffer(raw, ours), np.frombuffer(raw, theirs)
    seen = 0
    for name, published_name, level in fields(ours):
        assert value(found, name, level) == same(expected[published_name]), published_name
        seen += 1
    assert seen >= 8


@pytest.mark.parametrize(("schema", "version"), EVERY)
@pytest.mark.parametrize("ts_out", [False, True])
def test_blocks_equal_databentos_decoder(tmp_path, schema, version, ts_out):
    rng = np.random.default_rng(7)
    made = make.rows(schema, 40, version)
    for name, _, level in fields(RECORDS[schema].layout(version)):
        if level is None and made.dtype[name].kind in "iu" and made.dtype[name].itemsize >= 4:
            made[name] = rng.integers(0, 2**31 - 1, 40)
    path = make.write(tmp_path / "x.dbn.zst", schema, made, version, ts_out=ts_out)
    rows = np.concatenate([block.copy() for block in blocks_of(path)])
    records = make.decode(make.encode(schema, made, version, ts_out=ts_out))
    assert len(rows) == len(records) == 40
    compared = 0
    for name, _, level in fields(rows.dtype):
        if level is not None:
            told = [getattr(record.levels[level], name) for record in records]
        elif (
            name in ("length", "rtype", "publisher_id") or rows.dtype[name].kind == "S" or rows.dtype[name].itemsize < 4
        ):
            continue
        else:
            told = [getattr(record, name) for record in records]
        assert value(rows, name, level) == told, name
        compared += 1
    assert compared >= 3


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("schema", make.SCHEMAS)
def test_metadata_equals_databentos_decoder(tmp_path, schema, version):
    """Schema, dataset, ts_out and every interval of every mapping, whichever way symbols were asked for."""
    day, one = make_dbn.DAY, dt.timedelta(1)
    spans = {
        "ESH4": [(1, day, day + one), (2, day + one, day + 9 * one)],
        "A B:C": [(77, day - 400 * one, day)],
        "-": [],
    }
    for ts_out in (False, True):
        options = {"version": version, "schema": dbn.Schema.from_str(schema), "dataset": "XNAS.ITCH", "ts_out": ts_out}
        body = make_dbn.metadata(spans, **options)
        told = dbn.Metadata.decode(body, dbn.VersionUpgradePolicy.AS_IS)
        header = parse(tmp_path, version, body[8:])
        assert (header.schema, header.dataset, header.ts_out) == (str(told.schema), told.dataset, told.ts_out)
        assert header.version == told.version == version
        expected = {}
        for name, intervals in told.mappings.items():
            for interval in intervals:
                first, end = ((interval[n] - dt.date(1970, 1, 1)).days * DAY for n in ("start_date", "end_date"))
                expected.setdefault(int(interval["symbol"]), []).append((first, end, name))
        assert header.symbols == expected
        assert len(expected) == 3


def test_shared_samples_decode_with_databentos_counts(shared_data):
    files = sorted((shared_data / "databento").rglob("*.dbn.zst"))
    assert len(files) >= 27
    for path in files:
        records = make.decode(make.plain(path))
        found = Counter()
        for block in blocks_of(path):
            found["rows"] += len(block)
            found["times"] += int(block["ts_event"].astype(object).sum())
        assert found == {"rows": len(records), "times": sum(r.ts_event for r in records)}, path


def test_books_of_ten_levels_are_nested(shared_data):
    path = shared_data / "databento/samples/GLBX.MDP3/test_data.mbp-10.dbn.zst"
    rows = np.concatenate([block.copy() for block in read_mbp10(path)])
    records = make.decode(make.plain(path))
    for name in ("bid_px", "ask_px", "bid_sz", "ask_sz", "bid_ct", "ask_ct"):
        told = [[getattr(level, name) for level in record.levels] for record in records]
        assert rows["levels"][name].tolist() == told
    with pytest.raises(FileFormatError, match="schema: found mbp-1, expected mbp-10"):
        list(read_mbp10(shared_data / "databento/samples/GLBX.MDP3/test_data.mbp-1.dbn.zst"))


def test_a_record_of_another_versions_length_is_refused(tmp_path):
    path = make.write(tmp_path / "x.dbn", "statistics", make.rows("statistics", 3, version=1), version=3)
    with pytest.raises(FileFormatError, match="a statistics record of 64 bytes, expected 80 in version 3"):
        list(blocks_of(path))
