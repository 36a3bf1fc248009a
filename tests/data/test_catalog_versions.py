"""Versions of a catalog in a folder: what is on the disk, older formats, readers beside a writer, the command line."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from catalog_conformance import Backend, run_random_steps, split, visible
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from make_events import ES, GOOG, events, put, stray_files

from tickwright.app.cli import main
from tickwright.core.errors import CatalogError
from tickwright.data.catalog import Catalog
from tickwright.data.store import manifest, session, versions
from tickwright.data.store.commit import Content, Stamp, next_manifest
from tickwright.data.store.schema import column_types


@pytest.fixture
def catalog(tmp_path):
    return Catalog.create(tmp_path / "cat")


def files_of(catalog):
    return {str(p.relative_to(catalog.root)) for p in catalog.root.rglob("*") if p.is_file()}


def test_the_disk_holds_the_manifest_the_changes_and_every_named_part(catalog):
    first, second = split(events(1, 200), 90)
    put(catalog, GOOG, first, "a")
    assert files_of(catalog) == {"manifest.json", ".lock", "parts/events/GOOG/2022-01-08/000001-00000.parquet"}
    put(catalog, GOOG, second, "b", append=True)
    catalog.compact()
    parts = {f"parts/events/GOOG/2022-01-08/00000{k}-00000.parquet" for k in (1, 2, 3)}
    assert files_of(catalog) - {"manifest.json", ".lock"} == parts | {"versions/000001.json", "versions/000002.json"}
    assert catalog.prune(1) == 2
    assert files_of(catalog) == {"manifest.json", ".lock", "parts/events/GOOG/2022-01-08/000003-00000.parquet"}
    assert catalog.read("GOOG").tobytes() == events(1, 200).tobytes()


def test_pruning_keeps_what_a_kept_version_names(catalog):
    for k in range(4):
        put(catalog, GOOG, events(k, 20), f"s{k}", replace=True)
        put(catalog, ES, events(k, 20, day=k), f"es{k}")
    assert len(list(catalog.root.rglob("*.parquet"))) == 8
    catalog.prune(3)  # 6, 7 and 8: replaced GOOG of s2, s3
    assert len(list(catalog.root.rglob("GOOG/**/*.parquet"))) == 2
    assert len(list(catalog.root.rglob("ESH4/**/*.parquet"))) == 4
    assert not stray_files(catalog)
    reader = Catalog.open(catalog.root, version=6)
    catalog.prune(1)
    with pytest.raises(
        CatalogError, match=r"missing or damaged: .*; if its version was pruned, open the catalog again"
    ):
        reader.read("GOOG")
    # A reader whose manifest is from before the pruning still believes in version 6.
    early = msgspec.structs.replace(catalog._manifest, oldest=6)
    with pytest.raises(
        CatalogError, match=r"versions/000007\.json is missing; if it was pruned, open the catalog again"
    ):
        versions.as_of(catalog.files, early, 6)


ENTRY = manifest.InstrumentEntry.of(GOOG)
PARTS = st.builds(
    lambda symbol, day_, rows, origin: (symbol, f"2022-01-{day_:02d}", rows, origin),
    st.sampled_from(["A", "B"]), st.integers(1, 3), st.integers(1, 9), st.sampled_from("xyz"),
)  # fmt: skip


@given(st.lists(st.tuples(st.lists(PARTS, min_size=1, max_size=3), st.sets(st.integers(0, 9))), max_size=12))
@settings(max_examples=60, deadline=None)
def test_undoing_a_change_gives_the_manifest_before(steps):
    """For any chain of changes, undoing them from the newest gives every manifest of the chain, entry for entry."""
    chain = [manifest.Manifest()]
    for generation, (added, gone) in enumerate(steps, 1):
        before = chain[-1]
        parts = [
            manifest.Part(f"parts/{generation:06d}-{n:05d}", "events", symbol, when, rows, 1, 0, 1, origin, f"{n}")
            for n, (symbol, when, rows, origin) in enumerate(added)
        ]
        displaced = {part for k, part in enumerate(before.parts) if k in gone}
        known = {p.symbol: msgspec.structs.replace(ENTRY, symbol=p.symbol, source=f"{generation}") for p in parts[:1]}
        origin = manifest.SourceEntry(parts[0].source, f"s{generation}", "test", 1, len(parts))
        chain.append(next_manifest(before, Content("replace", parts, displaced, known, origin), Stamp(generation)))
    for before, after in itertools.pairwise(chain):
        undone = versions.undo(after, after.change)
        assert undone == msgspec.structs.replace(before, change=None)
        assert list(undone.instruments) == list(before.instruments)


@given(st.integers(0, 2**32))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_steps_equal_a_plain_model(tmp_path_factory, seed):
    """After every step the catalog, and every version of it that is kept, equals a dictionary of spans."""
    root = tmp_path_factory.mktemp("model") / "cat"
    backend = Backend(lambda: Catalog.create(root), lambda version=None: Catalog.open(root, version))
    run_random_steps(backend, seed, steps=12)
    if (root / "manifest.json").exists():
        assert not stray_files(Catalog.open(root))


def test_a_catalog_of_the_first_version_of_the_format_goes_on(catalog):
    """It has no versions, no pieces and no latest times; all is read, appended to, compacted, and its state is kept."""
    first, second = split(events(1, 200), 90)
    put(catalog, GOOG, first, "a")
    print_before = catalog.fingerprint("GOOG", "events")
    stored = json.loads((catalog.root / "manifest.json").read_bytes())
    for name in ("change", "oldest"):
        del stored[name]
    stored["version"] = "tickwright.catalog/1"
    for part in stored["parts"]:
        del part["until"]
    (catalog.root / "manifest.json").write_text(json.dumps(stored))
    old = Catalog.open(catalog.root)
    assert (old.version, old.versions()) == (1, [])
    assert old.fingerprint("GOOG", "events") == print_before
    before = visible(old)
    with pytest.raises(CatalogError, match="strictly later"):
        put(old, GOOG, first[-1:], "b", append=True)
    put(old, GOOG, second, "b", append=True)
    old.compact()
    assert old.read("GOOG").tobytes() == events(1, 200).tobytes()
    assert [v.generation for v in old.versions()] == [3, 2]
    assert visible(Catalog.open(catalog.root, version=1)) == before
    with pytest.raises(CatalogError, match="version 0 is not kept; it has versions 1 to 3"):
        Catalog.open(catalog.root, version=0)


def test_compaction_refuses_what_was_changed_on_the_disk(catalog):
    first, second = split(events(1, 200), 90)
    put(catalog, GOOG, first, "a")
    put(catalog, GOOG, second, "b", append=True)
    file = sorted(catalog.root.rglob("*.parquet"))[0]
    table = pq.read_table(file)
    pq.write_table(table.set_column(4, table.field(4), [np.arange(90) + 5]), file)
    with pytest.raises(
        CatalogError, match=r"000001-00000\.parquet: holds 90 rows of content .*, expected 90 of .*changed"
    ):
        catalog.compact()
    assert catalog.version == 2
    assert not stray_files(catalog)


def test_row_groups_of_a_compacted_part_are_of_bounded_size(catalog, monkeypatch):
    rows = events(1, 1_000)
    for k, part in enumerate(split(rows, *range(50, 1_000, 50))):
        put(catalog, GOOG, part, f"s{k}", append=True)
    width = sum(kind.itemsize for kind in column_types("events").values())
    monkeypatch.setattr("tickwright.data.store.part.ROW_GROUP_BYTES", width * 200)
    catalog.compact()
    (name,) = [p.path for p in catalog._manifest.parts]
    meta = pq.ParquetFile(catalog.root / name).metadata
    assert [meta.row_group(k).num_rows for k in range(meta.num_row_groups)] == [200] * 5
    assert catalog.read("GOOG").tobytes() == rows.tobytes()


def test_the_same_steps_give_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        catalog = Catalog.create(tmp_path / name, clock=lambda: 1_700_000_000_000_000_000)
        first, second = split(events(1, 200), 90)
        put(catalog, GOOG, first, "a")
        put(catalog, GOOG, second, "b", append=True)
        catalog.compact()
        put(catalog, GOOG, events(3, 10), "c", replace=True)
    names = files_of(catalog)
    assert len(names) == 1 + 3 + 4 + 1
    for name in names - {".lock"}:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_catalog_in_the_place_of_a_path_hands_on_its_clock_and_how_it_appends(tmp_path):
    from tickwright.data.ingest import write_events

    first, second = split(events(1, 200), 90)
    given_ = Catalog.create(tmp_path / "cat", clock=lambda: 77, append=True)
    write_events(Catalog.create(given_), GOOG, first, "a")
    write_events(Catalog.create(given_), GOOG, second, "b")
    found = Catalog.open(given_.root)
    assert found.read("GOOG").tobytes() == events(1, 200).tobytes()
    assert [v.time for v in found.versions()] == [77, 77]


# Readers open the catalog again and again; all rows of one version have one size. What one opened it reads again later.
READER = """
import sys, time
sys.path.insert(0, sys.argv[2])
from tickwright.data.catalog import Catalog
import numpy as np

held, count, until = [], 0, time.monotonic() + float(sys.argv[3])
print("ready", flush=True)
while time.monotonic() < until:
    catalog = Catalog.open(sys.argv[1])
    rows = catalog.read("GOOG")
    sizes = np.unique(rows["size"])
    assert len(sizes) == 1, (catalog.version, sizes)
    assert np.concatenate(list(catalog.chunks("GOOG", "events", rows=37))).tobytes() == rows.tobytes()
    held.append((catalog, rows.tobytes()))
    old, was = held[count % len(held)]
    assert old.read("GOOG").tobytes() == was, old.version
    then = Catalog.open(sys.argv[1], version=old.version)
    assert then.read("GOOG").tobytes() == was, old.version
    count += 1
print(count, len({c.version for c, _ in held}))
"""


@pytest.mark.slow
def test_readers_beside_a_writer_see_whole_versions_and_keep_theirs(catalog, monkeypatch):
    """While one process replaces, appends and compacts, no reader ever fails or sees rows of two versions together."""
    monkeypatch.setattr(session, "ROW_GROUP_BYTES", 64 * 50)

    def replace_append_and_compact(k):
        # Both days in one commit, and what is appended of the same size, so that every version is of one size.
        rows = events(k, 240, days=2)
        rows["size"] = k
        first, second = split(rows, 200)
        put(catalog, GOOG, first, f"{k} a", replace=True)
        put(catalog, GOOG, second, f"{k} b", append=True)
        catalog.compact()

    replace_append_and_compact(0)
    child = [sys.executable, "-c", READER, str(catalog.root), str(Path(__file__).parent), "4"]
    readers = [subprocess.Popen(child, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for reader in readers:
            assert reader.stdout.readline() == "ready\n"
        k = 0
        while any(reader.poll() is None for reader in readers):
            k += 1
            replace_append_and_compact(k)
        told = [reader.communicate(timeout=30) for reader in readers]
    finally:
        for reader in readers:
            reader.kill()
            reader.wait()
    for reader, (out, err) in zip(readers, told, strict=True):
        assert reader.returncode == 0, err
        reads, seen = map(int, out.split())
        assert reads >= 3
        assert seen >= 2


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    shown = capsys.readouterr()
    return end.value.code, shown.out, shown.err


def test_the_command_line(tmp_path, capsys):
    """`--append` goes on where a day ends; `versions`, `compact`, `prune` and `ls --version` say what is there."""
    import make_dbn

    root = tmp_path / "cat"
    records = [make_dbn.mbo(k) for k in range(9)]
    one = make_dbn.write(tmp_path / "one.dbn", records[:5])
    two = make_dbn.write(tmp_path / "two.dbn", records[5:])
    ingest = ("ingest", "dbn", "--catalog", root, "--tick-size", "0.25")
    assert call(capsys, *ingest, one)[0] in (0, None)
    code, _, err = call(capsys, *ingest, two, "--append", "--replace")
    assert (code, "one of --append and --replace" in err) == (2, True)
    assert call(capsys, *ingest, two, "--append")[0] in (0, None)
    code, _, err = call(capsys, *ingest, make_dbn.write(tmp_path / "early.dbn", records[3:4]), "--append")
    assert code == 2
    assert "strictly later rows alone" in err.replace("\n", " ")
    code, out, _ = call(capsys, "data", "compact", "--catalog", root, "--note", "weekly")
    assert "version 3: 2 files of 1 days became 1, 9 rows" in out
    assert "nothing was written" in call(capsys, "data", "compact", "--catalog", root)[1]
    code, out, _ = call(capsys, "data", "versions", "--catalog", root, "--json")
    found = json.loads(out)
    assert [v["kind"] for v in found] == ["compact", "append", "ingest"]
    assert [v["source"] for v in found] == ["", "two.dbn", "one.dbn"]
    assert [v["note"] for v in found] == ["weekly", "", ""]
    assert found[0]["time"] > found[2]["time"] > 1_600_000_000_000_000_000
    assert [span["rows"] for span in found[1]["added"]] == [4]
    out = call(capsys, "data", "versions", "--catalog", root)[1]
    assert "two.dbn" in out
    assert "4 ESH4 events" in out
    out = call(capsys, "data", "ls", "--catalog", root, "--version", "1", "--json")[1]
    assert [row["rows"] for row in json.loads(out)] == [5]
    assert json.loads(call(capsys, "data", "prune", "--catalog", root, "--keep", "2", "--json")[1]) == {
        "dropped": 1, "kept": [3, 2],
    }  # fmt: skip
    code, _, err = call(capsys, "data", "ls", "--catalog", root, "--version", "1")
    assert (code, "version 1 is not kept; it has versions 2 to 3" in err.replace("\n", " ")) == (2, True)
