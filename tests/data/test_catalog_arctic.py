"""The conformance suite on ArcticDB, and what is particular to it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from catalog_conformance import *  # noqa: F403  the tests
from catalog_conformance import Backend, day, run_random_steps, split, visible
from make_events import ES, GOOG, events, put, source

from tickwright.core.errors import CatalogError, ConfigError
from tickwright.data.backends import create_catalog, open_catalog
from tickwright.data.catalog import Catalog

pytest.importorskip("arcticdb", reason="arcticdb is not installed: pip install 'tickwright[arctic]'")


@pytest.fixture
def backend(tmp_path):
    where = f"lmdb://{tmp_path / 'arctic'}"
    return Backend(
        lambda clock=None: create_catalog(where, clock=clock), lambda version=None: open_catalog(where, version)
    )


def test_fingerprints_are_those_of_a_folder(backend, tmp_path):
    prints = []
    for catalog in (backend.create(), Catalog.create(tmp_path / "folder")):
        for k, rows in enumerate(split(events(1, 500), 100, 300)):
            put(catalog, GOOG, rows, f"s{k}", append=True)
        middle = int(events(1, 500)["ts_event"][250])
        prints.append((catalog.fingerprint("GOOG", "events"), catalog.fingerprint("GOOG", "events", middle)))
    assert prints[0] == prints[1]


def test_versions_are_snapshots_of_arctic(backend):
    catalog = backend.create()
    put(catalog, GOOG, events(1), "a")
    put(catalog, GOOG, events(2), "b", replace=True)
    library = catalog.library.library()
    assert sorted(library.list_snapshots(load_metadata=False)) == ["v000001", "v000002"]
    found = library.read("events/GOOG/2022-01-08", as_of="v000001", output_format="pyarrow").data
    assert found["order_id"].to_pylist() == events(1)["order_id"].tolist()


def test_without_the_package_the_extra_is_named(tmp_path):
    script = (
        "import sys; sys.modules['arcticdb'] = None\n"
        "from tickwright.core.errors import ConfigError\n"
        "from tickwright.data.backends import open_catalog\n"
        "try: open_catalog(sys.argv[1])\n"
        "except ConfigError as error: print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, f"lmdb://{tmp_path}/x"], capture_output=True, text=True, check=True
    )
    assert "pip install 'tickwright[arctic]'" in told.stdout


def test_a_place_that_is_none(tmp_path):
    with pytest.raises(CatalogError, match="no catalog here"):
        open_catalog(f"lmdb://{tmp_path}/none")
    assert not (tmp_path / "none").exists()
    (tmp_path / "file").write_text("x")
    with pytest.raises(CatalogError, match="file: is a file, expected a folder"):
        create_catalog(f"lmdb://{tmp_path}/file")
    with pytest.raises(CatalogError, match="holds 'file' and no catalog"):
        create_catalog(Path(f"lmdb://{tmp_path}"))
    with pytest.raises(ConfigError, match=r"data\.backends opens ArcticDB's lmdb://"):
        Catalog.open(f"lmdb://{tmp_path}/file")


# A writer that kills itself at its n-th call of a method of the library.
CHILD = """
import os, signal, sys
sys.path.insert(0, sys.argv[4])
from tickwright.data.backends import open_catalog
from arcticdb.version_store.library import Library
from test_catalog_arctic import do

count = int(sys.argv[3])

def deadly(original):
    def call(*args, **kw):
        global count
        count -= 1
        if count < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kw)
    return call

for name in ("write", "append", "snapshot", "delete", "prune_previous_versions", "compact_data"):
    setattr(Library, name, deadly(getattr(Library, name)))
do(open_catalog(sys.argv[1]), sys.argv[2])
"""


def begin(catalog):
    first, second = split(events(1, 200), 100)
    put(catalog, GOOG, first, "a")
    put(catalog, GOOG, second, "b", append=True)
    put(catalog, ES, events(2, 50), "es")


def do(catalog, act):
    if act == "compact":
        catalog.compact()
    else:
        # An append begins where day 0 ends; a replacement covers it.
        rows = events(7, 300, day=1 if act == "append" else 0, days=2)
        with catalog.ingest(source("c"), replace=act == "replace", append=act == "append") as writing:
            for at in range(0, 300, 60):
                writing.append(GOOG, "events", rows[at : at + 60])
                for key in list(writing._waiting):
                    writing._flush(key)


def kill(tmp_path, act, count):
    """Kill a writer; what is visible is what was there before, or what the write makes. Whether it was committed."""
    where, other = (f"lmdb://{tmp_path}/{act}-{count}{kind}" for kind in ("", "-whole"))
    whole, catalog = create_catalog(other), create_catalog(where)
    for fresh in (whole, catalog):
        begin(fresh)
    before = visible(catalog)
    do(whole, act)
    child = [sys.executable, "-c", CHILD, where, act, str(count), str(Path(__file__).parent)]
    died = subprocess.run(child, capture_output=True, text=True)
    assert died.returncode in (-signal.SIGKILL, 0), died.stderr
    catalog.refresh()
    committed = catalog.version == 4
    assert catalog.version in (3, 4)
    assert visible(catalog) == (visible(whole) if committed else before)
    assert visible(open_catalog(where, version=3)) == before
    # The next writer goes on from there, and what was left behind does not come back.
    if not committed:
        do(catalog, act)
    assert visible(catalog) == visible(whole)
    put(catalog, GOOG, events(9, 40, day=5), "later", append=True)
    assert len(catalog.read("GOOG", day=day(5))) == 40
    assert visible(open_catalog(where, version=4)) == visible(whole)
    return committed


@pytest.mark.parametrize(("act", "count"), [("append", 2), ("replace", 5), ("compact", 1)])
@pytest.mark.slow
def test_killed_at_a_step_the_catalog_is_whole(tmp_path, act, count):
    kill(tmp_path, act, count)


@pytest.mark.slow
@pytest.mark.parametrize("act", ["append", "replace", "compact"])
def test_killed_at_every_step_the_catalog_is_whole(tmp_path, act):
    outcomes = [kill(tmp_path, act, count) for count in range(14)]
    assert outcomes == sorted(outcomes)  # not committed, then committed
    assert set(outcomes) == {False, True}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 7))
def test_many_random_steps_equal_a_plain_model(backend, seed):
    run_random_steps(backend, seed, steps=60)
