"""A writer that dies, at any step, leaves the catalog as it was; the next writer clears up and goes on."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from make_events import GOOG, events, put, source, state, stray_files

from tickwright.core.errors import CatalogError, StorageError
from tickwright.data.catalog import Catalog
from tickwright.data.store import session

# The child replaces day 0 and adds day 1, and kills itself at the n-th call of a function of `os`, or of `append`.
CHILD = """
import os, signal, sys
sys.path.insert(0, sys.argv[4])
from make_events import GOOG, events, source
from tickwright.data.store import session
from tickwright.data.catalog import Catalog

root, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
session.ROW_GROUP_BYTES = 64 * 50
catalog = Catalog.open(root)

def deadly(original):
    def call(*args, **kw):
        global count
        count -= 1
        if count < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kw)
    return call

owner = session.IngestSession if name == "append" else os
setattr(owner, name, deadly(getattr(owner, name)))
with catalog.ingest(source("b"), replace=True) as writing:
    for k in range(10):
        writing.append(GOOG, "events", events(k, 40, day=k // 5))
"""
# fsync: two parts, the list of moves and its folder, six folders, the change before, its folder and the one above, the
# new manifest, its folder. replace: two parts, the change before, the manifest.
POINTS = [
    ("append", 0), ("append", 5), ("append", 9), ("fsync", 0), ("fsync", 1), ("fsync", 2), ("fsync", 3), ("fsync", 5),
    ("fsync", 9), ("fsync", 11), ("fsync", 12), ("replace", 0), ("replace", 1), ("replace", 2), ("replace", 3),
]  # fmt: skip


@pytest.mark.parametrize(("name", "count"), POINTS)
def test_killed_at_any_step(tmp_path, name, count):
    catalog = Catalog.create(tmp_path / "cat")
    put(catalog, GOOG, events(100, 300), "a")
    before, manifest = state(catalog), (catalog.root / "manifest.json").read_bytes()
    child = [sys.executable, "-c", CHILD, str(catalog.root), name, str(count), str(Path(__file__).parent)]
    died = subprocess.run(child, capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert (catalog.root / "manifest.json").read_bytes() == manifest
    fresh = Catalog.open(catalog.root)
    assert state(fresh) == before
    put(fresh, GOOG, events(5, 200, day=2), "c")
    assert not stray_files(fresh)
    assert state(fresh)[1]["GOOG", "events", fresh.days("GOOG")[0]] == next(iter(before[1].values()))
    assert len(fresh.days("GOOG")) == 2


@pytest.mark.parametrize(("name", "count"), [("append", 9), ("replace", 2)])
def test_a_first_write_killed_leaves_a_folder_in_which_the_next_begins(tmp_path, name, count):
    script = CHILD.replace("Catalog.open", "Catalog.create")
    child = [sys.executable, "-c", script, str(tmp_path / "cat"), name, str(count), str(Path(__file__).parent)]
    died = subprocess.run(child, capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    with pytest.raises(CatalogError, match="no catalog here"):
        Catalog.open(tmp_path / "cat")
    catalog = Catalog.create(tmp_path / "cat")
    put(catalog, GOOG, events(5, 200, day=2), "c")
    assert [row.source for row in Catalog.open(catalog.root).ls()] == ["c"]
    assert not stray_files(catalog)


def test_killed_after_the_manifest_was_replaced_the_write_is_whole(tmp_path):
    catalog = Catalog.create(tmp_path / "cat")
    put(catalog, GOOG, events(100, 300), "a")
    last = CHILD.replace("os.kill(os.getpid(), signal.SIGKILL)", "pass").replace(
        "return original(*args, **kw)",
        "value = original(*args, **kw)\n"
        "        if str(args[1]).endswith('manifest.json'): os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return value",
    )
    child = [sys.executable, "-c", last, str(catalog.root), "replace", "99", str(Path(__file__).parent)]
    died = subprocess.run(child, capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    catalog.refresh()
    wanted = [np.concatenate([events(k, 40, day=d) for k in range(5 * d, 5 * d + 5)]).tobytes() for d in (0, 1)]
    assert [catalog.read("GOOG", day=day).tobytes() for day in catalog.days("GOOG")] == wanted
    put(catalog, GOOG, events(5, 200, day=2), "c")
    assert not stray_files(catalog)


def test_ctrl_c_leaves_the_catalog_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(session, "ROW_GROUP_BYTES", 64 * 50)
    catalog = Catalog.create(tmp_path / "cat")
    put(catalog, GOOG, events(100, 300), "a")
    before = state(catalog)
    with pytest.raises(KeyboardInterrupt):
        write_and_be_interrupted(catalog)
    assert state(catalog) == state(Catalog.open(catalog.root)) == before
    assert not stray_files(catalog)
    assert not (catalog.root / ".staging").exists()


def write_and_be_interrupted(catalog):
    with catalog.ingest(source("b"), replace=True) as writing:
        for k in range(10):
            writing.append(GOOG, "events", events(k, 40))
            if k == 7:
                os.kill(os.getpid(), signal.SIGINT)


def test_a_limit_on_file_size_is_a_storage_error(tmp_path):
    """The operating system itself refuses to write more, as a full disk does."""
    catalog = Catalog.create(tmp_path / "cat")
    put(catalog, GOOG, events(100, 300), "a")
    before = state(catalog)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        with pytest.raises(
            StorageError, match="the disk is full or a size limit was reached; the catalog stands as it was"
        ):
            put(catalog, GOOG, events(1, 20_000, day=1), "b")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert state(Catalog.open(catalog.root)) == before
    assert not stray_files(catalog)
