"""Damaged Databento files: only named errors, no hang, and the catalog as it was. Seeded; a failure names its case."""

import random

import make_dbn
import make_dbn_rows as make
import pytest
from make_events import state, stray_files

from tickwright.core.errors import TickwrightError
from tickwright.data.catalog import Catalog
from tickwright.data.ingest import ingest_databento_csv, ingest_dbn

SCHEMAS = ("mbp-1", "mbp-10", "trades", "bbo-1s", "ohlcv-1d", "definition", "statistics", "imbalance", "status", "mbo")
VERSIONS = {"definition": (1, 2, 3), "statistics": (1, 3)}


def catalog_with_a_day(tmp_path):
    """A catalog that holds something of another instrument, and what it holds."""
    made = make.rows("trades", 3)
    symbols = {"NQH4": [(17077, make_dbn.DAY, make_dbn.DAY.replace(day=26))]}
    ingest_dbn(make.write(tmp_path / "other.dbn", "trades", made, symbols=symbols), tmp_path / "cat")
    catalog = Catalog.open(tmp_path / "cat")
    return catalog.root, state(catalog)


def refused(ingest, file, root, before, case):
    """Whether a file was refused; then the catalog is as it was."""
    try:
        ingest(file, root, tick_size="0.000000001", replace=True)
    except TickwrightError as error:
        told = str(error)
    else:
        return False
    assert told, case
    assert state(Catalog.open(root)) == before, case
    return True


@pytest.mark.parametrize(("schema", "version"), [(s, v) for s in SCHEMAS for v in VERSIONS.get(s, (3,))])
def test_dbn_cut_anywhere_is_refused(tmp_path, schema, version):
    root, before = catalog_with_a_day(tmp_path)
    body = make.encode(schema, make.rows(schema, 2, version), version)
    start = len(body) - 2 * make.layout(schema, version).itemsize
    cuts = [*random.Random(1).sample(range(start), 12), *range(start + 1, len(body), 29)]
    for cut in cuts:
        if (cut - start) % make.layout(schema, version).itemsize == 0 and cut > start:
            continue  # whole records: a shorter file
        file = tmp_path / "x.dbn"
        file.write_bytes(body[:cut])
        assert refused(ingest_dbn, file, root, before, (schema, version, cut)), (schema, version, cut)
    assert not stray_files(Catalog.open(root))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_flipped_bits_and_hostile_bytes_in_dbn(tmp_path, schema):
    draw = random.Random(schema)
    root, before = catalog_with_a_day(tmp_path)
    body = make.encode(schema, make.rows(schema, 4))
    outcomes = set()
    for case in range(40):
        damaged = bytearray(body)
        for _ in range(draw.choice((1, 1, 2, 8))):
            damaged[draw.randrange(len(damaged))] = draw.choice((0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)))
        file = tmp_path / f"{case}.dbn"
        file.write_bytes(damaged)
        told = refused_alone(ingest_dbn, file, tmp_path / "fresh" / str(case), (schema, case))
        if told and case % 3 == 0:
            refused(ingest_dbn, file, root, before, (schema, case))
        outcomes.add(told)
    assert True in outcomes


def refused_alone(ingest, file, root, case):
    """Whether a file was refused by a catalog of its own, which then is not there."""
    try:
        ingest(file, root, tick_size="0.000000001")
    except TickwrightError as error:
        told = str(error)
    else:
        return False
    assert told, case
    assert not root.exists(), case
    return True


@pytest.mark.parametrize("length", [0, 1, 100, 2**31, 2**32 - 1])
def test_a_hostile_length_of_the_metadata(tmp_path, length):
    body = make.encode("trades", make.rows("trades", 2))
    (tmp_path / "x.dbn").write_bytes(body[:4] + length.to_bytes(4, "little") + body[8:])
    with pytest.raises(TickwrightError, match="metadata"):
        ingest_dbn(tmp_path / "x.dbn", tmp_path / "cat")
    assert not (tmp_path / "cat").exists()


@pytest.mark.parametrize("length", range(0, 256, 5))
def test_a_hostile_length_of_a_record(tmp_path, length):
    made = make.rows("mbp-1", 3)
    made["length"][1] = length
    if length * 4 == made.itemsize:
        return
    (tmp_path / "x.dbn").write_bytes(make.encode("mbp-1", made))
    with pytest.raises(TickwrightError):
        ingest_dbn(tmp_path / "x.dbn", tmp_path / "cat")
    assert not (tmp_path / "cat").exists()


@pytest.mark.parametrize("schema", SCHEMAS)
def test_damaged_csv(tmp_path, schema):
    """Cut, or with bytes changed or put in: stored when it still makes sense, else refused by name."""
    draw = random.Random(schema)
    text = make.to_csv(make.encode(schema, make.rows(schema, 4)))
    outcomes = {True: 0, False: 0}
    for case in range(48):
        damaged = bytearray(text)
        if case % 4 == 0:
            damaged = damaged[: draw.randrange(len(damaged))]
        for _ in range(draw.choice((1, 1, 2, 8)) if case % 4 else 0):
            at = draw.randrange(len(damaged))
            damaged[at : at + draw.randrange(2)] = bytes([draw.choice(b'\0\xff,"\n\r-.e9xTZ ')])
        file = tmp_path / f"{case}.csv"
        file.write_bytes(damaged)
        outcomes[refused_alone(ingest_databento_csv, file, tmp_path / "cat" / str(case), (schema, case))] += 1
    assert outcomes[True] > 10


def test_a_line_without_an_end(tmp_path):
    text = make.to_csv(make.encode("trades", make.rows("trades", 1)))
    (tmp_path / "x.csv").write_bytes(text + b"9" * (9 << 20))
    with pytest.raises(TickwrightError, match="bytes without a line end"):
        ingest_databento_csv(tmp_path / "x.csv", tmp_path / "cat")
