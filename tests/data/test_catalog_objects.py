"""A catalog in an object store: addresses, the lease, the order of writes, and what a dead or late writer leaves."""

import itertools
import subprocess
import sys
from pathlib import Path

import fsspec
import msgspec
import pytest
from catalog_conformance import split, visible
from fsspec.implementations.memory import MemoryFileSystem
from make_events import GOOG, events, put, source

from tickwright.core.errors import CatalogError, ConfigError, StorageError
from tickwright.data.catalog import Catalog
from tickwright.data.store import lease
from tickwright.data.store.files import files_at
from tickwright.data.store.local import LocalFiles
from tickwright.data.store.versions import kept_paths

PLACES = itertools.count()


@pytest.fixture
def where():
    return f"memory://objects/{next(PLACES)}"


def names(where):
    path = where.removeprefix("memory://").strip("/")
    return {name.lstrip("/").removeprefix(f"{path}/") for name in fsspec.filesystem("memory").find(f"/{path}")}


def test_addresses(tmp_path, monkeypatch):
    for given in (tmp_path, str(tmp_path), f"file://{tmp_path}", Path(f"file://{tmp_path}")):
        assert files_at(given) == LocalFiles(tmp_path)
    assert files_at("file:///a%20b/c") == LocalFiles(Path("/a b/c"))
    for relative in ("ticks", "a/b", "c:d"):
        assert files_at(relative) == LocalFiles(Path(relative))
    for memory in ("memory://x/y", Path("memory://x/y")):  # pathlib takes a slash away
        assert (files_at(memory).root, files_at(memory).path) == ("memory://x/y", "/x/y")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(
        ConfigError, match=r"catalog: got 's3://b/x', expected s3:// to be installed; .*pip install s3fs"
    ):
        Catalog.open("s3://b/x")
    with pytest.raises(ConfigError, match=r"'zz://b', expected a folder or an address that fsspec knows \(.*zz"):
        Catalog.open("zz://b")
    with pytest.raises(CatalogError, match="memory://nothing/here: no catalog here"):
        Catalog.open("memory://nothing/here")
    fsspec.filesystem("memory").pipe_file("/other/file.txt", b"x")
    with pytest.raises(CatalogError, match=r"memory://other: holds 'file\.txt' and no catalog"):
        Catalog.create("memory://other")
    with pytest.raises(CatalogError, match=r"is a file, expected a folder"):
        Catalog.create("memory://other/file.txt")


def test_what_lies_in_the_store(where):
    catalog = Catalog.create(where)
    first, second = split(events(1, 200), 90)
    put(catalog, GOOG, first, "a")
    put(catalog, GOOG, second, "b", append=True)
    parts = kept_paths(catalog.files, catalog._manifest)
    assert len(parts) == 2
    assert names(where) == {"manifest.json", "versions/000001.json"} | parts
    assert Catalog.open(where).read("GOOG").tobytes() == events(1, 200).tobytes()


def test_at_every_step_of_a_write_a_reader_sees_a_version_whole(where, monkeypatch):
    """Before and after each request to the store; parts come first, then the change before, then the manifest."""
    catalog = Catalog.create(where)
    rows = events(1, 200)
    first, second = split(rows, 90)
    put(catalog, GOOG, first, "a")
    steps, seen = [], []
    original, looking = MemoryFileSystem._open, False

    def watched(self, path, mode="rb", **options):
        nonlocal looking
        if looking:
            return original(self, path, mode, **options)
        looking = True
        reader = Catalog.open(where)
        seen.append((reader.version, reader.read("GOOG").tobytes()))
        if mode != "rb" and ".lease" not in path:
            steps.append(path.rpartition(f"{where.rpartition('/')[2]}/")[2])
        looking = False
        return original(self, path, mode, **options)

    with monkeypatch.context() as patch:
        patch.setattr(MemoryFileSystem, "_open", watched)
        put(catalog, GOOG, second, "b", append=True)
    kinds = [step.split("/")[0] for step in steps]
    assert kinds == [".staging", "parts", "versions", "manifest.json"]
    whole = {1: first.tobytes(), 2: rows.tobytes()}
    assert all(content == whole[version] for version, content in seen)
    assert [version for version, _ in seen] == sorted(version for version, _ in seen)
    assert len(seen) > 5


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """The clock of every lease."""
    ticking = Clock()
    original = lease.leased
    monkeypatch.setattr(
        "tickwright.data.store.objects.leased", lambda system, path, root: original(system, path, root, ticking)
    )
    return ticking


def test_a_second_writer_is_told_who_and_how_long(where, clock):
    first, second = Catalog.create(where), Catalog.create(where)
    with first.ingest(source("a")) as writing:
        writing.append(GOOG, "events", events(1))
        clock.now += 100
        told = (
            r"another writer is at work \(.* process \d+\); .*try again when it is done or 200 s from now, if it died"
        )
        with pytest.raises(CatalogError, match=told):
            put(second, GOOG, events(2, day=1), "b")
    put(second, GOOG, events(2, day=1), "b")
    assert len(second.days("GOOG")) == 2


def test_a_lease_is_renewed_while_parts_are_written(where, clock, monkeypatch):
    monkeypatch.setattr("tickwright.data.store.session.ROW_GROUP_BYTES", 64)
    catalog, other = Catalog.create(where), Catalog.create(where)
    rows = events(1, 80)
    with catalog.ingest(source("a")) as writing:
        for at in range(0, 80, 10):  # one part of eight row groups
            clock.now += lease.SECONDS * 0.6
            writing.append(GOOG, "events", rows[at : at + 10])
            with pytest.raises(CatalogError, match="another writer is at work"):
                put(other, GOOG, events(2, day=1), "b")
    assert catalog.read("GOOG").tobytes() == rows.tobytes()


def test_a_dead_writer_is_waited_for_and_its_parts_are_cleared(where, clock):
    catalog = Catalog.create(where)
    put(catalog, GOOG, events(1), "a")
    before = names(where)
    # A writer that dies: what its cleaning up would have taken away stays.
    dead = catalog.files.writer()
    room = dead.__enter__()
    room.begin()
    with room.new_part(f"parts/events/GOOG/2022-01-09/000002-00000{room.mark}.parquet") as file:
        file.write(b"half")
    assert len(names(where) - before) == 3  # a part, the note and the lease
    with pytest.raises(CatalogError, match="another writer is at work"):
        put(catalog, GOOG, events(2, day=1), "b")
    clock.now += lease.SECONDS + 1
    put(catalog, GOOG, events(2, day=1), "b")
    assert names(where) == {"manifest.json", "versions/000001.json"} | kept_paths(catalog.files, catalog._manifest)


def test_a_writer_whose_lease_has_ended_commits_nothing(where, clock):
    """The one that took over has its version whole, and no file of it is touched by the one that comes too late."""
    late, other = Catalog.create(where), Catalog.create(where)
    put(late, GOOG, events(1), "a")
    with pytest.raises(CatalogError, match="lease ended while we were writing"):
        overtake(late, other, clock)
    for found in (late, other, Catalog.open(where)):
        found.refresh()
        assert [r.source for r in found.ls()] == ["a", "b"]
        assert found.read("GOOG").tobytes() == events(1).tobytes() + events(2, day=1).tobytes()
    put(late, GOOG, events(4, day=3), "d")
    assert len(late.days("GOOG")) == 3


def overtake(late, other, clock):
    with late.ingest(source("c")) as writing:
        writing.append(GOOG, "events", events(3, day=2))
        writing._flush(next(iter(writing._waiting)))
        clock.now += lease.SECONDS + 1
        put(other, GOOG, events(2, day=1), "b")


def test_one_that_took_over_and_still_writes_is_not_disturbed(where, clock):
    late, other = Catalog.create(where), Catalog.create(where)
    put(late, GOOG, events(1), "a")
    with late.ingest(source("c")) as slow:
        slow.append(GOOG, "events", events(3, day=2))
        clock.now += lease.SECONDS + 1
        with other.ingest(source("b")) as writing:
            writing.append(GOOG, "events", events(2, day=1))
            with pytest.raises(CatalogError, match="lease ended while we were writing"):
                slow.commit()
        slow._staged.finish = list  # its own end commits nothing more
    assert [r.source for r in Catalog.open(where).ls()] == ["a", "b"]
    assert visible(Catalog.open(where)) == visible(other)


def test_a_lease_that_cannot_be_read_holds_for_its_time(where, clock, monkeypatch):
    catalog = Catalog.create(where)
    put(catalog, GOOG, events(1), "a")
    system = catalog.files.system
    system.pipe_file(f"{catalog.files.path}/.lease.json", b"{half")
    clock.now = system.modified(f"{catalog.files.path}/.lease.json").timestamp()
    with pytest.raises(CatalogError, match="a lease that cannot be read"):
        put(catalog, GOOG, events(2, day=1), "b")
    clock.now += lease.SECONDS + 1
    put(catalog, GOOG, events(2, day=1), "b")


def test_two_that_take_over_in_the_same_moment(where, clock):
    """The one whose token is not what it reads back is refused."""
    catalog = Catalog.create(where)
    put(catalog, GOOG, events(1), "a")
    system, path = catalog.files.system, f"{catalog.files.path}/.lease.json"
    original = system.pipe_file

    def overwritten(name, data, **options):
        original(name, data, **options)
        if name == path:
            original(name, msgspec.json.encode({"token": "x", "holder": "y", "until": clock.now + 9}))

    object.__setattr__(system, "pipe_file", overwritten)
    try:
        with pytest.raises(CatalogError, match=r"another writer is at work \(y\)"):
            put(catalog, GOOG, events(2, day=1), "b")
    finally:
        object.__delattr__(system, "pipe_file")
    assert Catalog.open(where).version == 1


def test_a_store_that_refuses_leaves_the_catalog_as_it_was(where, monkeypatch):
    catalog = Catalog.create(where)
    put(catalog, GOOG, events(1), "a")
    before = visible(catalog)
    original = MemoryFileSystem._open
    for refused in ("parts/", "versions/", "manifest.json"):

        def refuse(self, path, mode="rb", refused=refused, **options):
            if mode != "rb" and refused in path:
                raise PermissionError(13, "Permission denied")
            return original(self, path, mode, **options)

        with monkeypatch.context() as patch:
            patch.setattr(MemoryFileSystem, "_open", refuse)
            with pytest.raises(StorageError, match="Permission denied; the catalog stands as it was"):
                put(catalog, GOOG, events(2, day=1), "b")
        assert visible(Catalog.open(where)) == before
    put(catalog, GOOG, events(2, day=1), "b")
    assert names(where) == {"manifest.json", "versions/000001.json"} | kept_paths(catalog.files, catalog._manifest)


def test_fsspec_is_not_imported_for_a_folder(tmp_path):
    put(Catalog.create(tmp_path / "cat"), GOOG, events(1), "a")
    script = (
        "import sys; from tickwright.data.catalog import Catalog; print(len(Catalog.open(sys.argv[1]).ls()),"
        "'fsspec' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", script, tmp_path / "cat"], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["1", "False"]
