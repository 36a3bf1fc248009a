"""The conformance suite on Parquet: in a folder, in memory, and on files through the object-store way of writing."""

import itertools

import pytest
from catalog_conformance import *  # noqa: F403  the tests
from catalog_conformance import Backend, run_random_steps, split
from fsspec.implementations.local import LocalFileSystem
from make_events import GOOG, events, put

from tickwright.data.backends import create_catalog, open_catalog
from tickwright.data.catalog import Catalog
from tickwright.data.store import manifest, versions
from tickwright.data.store.commit import Desk
from tickwright.data.store.objects import ObjectFiles

PLACES = itertools.count()
KINDS = ("folder", "memory", "fsspec-local")


def backend_of(kind, tmp_path):
    if kind == "folder":
        where = tmp_path / "catalog"
    elif kind == "memory":
        where = f"memory://conformance/{next(PLACES)}"
    else:
        # The object-store way of writing, on files that can be looked at.
        files = ObjectFiles(LocalFileSystem(auto_mkdir=True), str(tmp_path / "objects"), f"local://{tmp_path}/objects")

        def create(clock=None):
            return Catalog(files, manifest.load_or_begin(files), Desk(clock))

        def open_(version=None):
            newest = manifest.load(files)
            if version is None:
                return Catalog(files, newest)
            return Catalog(files, versions.as_of(files, newest, version), pinned=True)

        return Backend(create, open_)
    return Backend(
        lambda clock=None: create_catalog(where, clock=clock), lambda version=None: open_catalog(where, version)
    )


@pytest.fixture(params=KINDS)
def backend(request, tmp_path):
    return backend_of(request.param, tmp_path)


def test_fingerprints_are_the_same_in_every_backend(tmp_path):
    prints = []
    for kind in KINDS:
        catalog = backend_of(kind, tmp_path).create()
        for k, rows in enumerate(split(events(1, 500), 100, 300)):
            put(catalog, GOOG, rows, f"s{k}", append=True)
        if kind == "memory":
            catalog.compact()
        middle = int(events(1, 500)["ts_event"][250])
        prints.append((catalog.fingerprint("GOOG", "events"), catalog.fingerprint("GOOG", "events", middle)))
    assert len(set(prints)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_many_random_steps_equal_a_plain_model(backend, seed):
    run_random_steps(backend, seed, steps=60)
