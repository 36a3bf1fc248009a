"""Writers killed at random: the catalog always opens, and holds the versions from before and the new one whole, or not.

One catalog lives through all kills of a test. A helper process that has imported everything forks a writer for each;
half of them are killed from outside at a random moment, half kill themselves at a random call of the operating system.
"""

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from catalog_conformance import visible
from fsspec.implementations.local import LocalFileSystem
from make_events import DAY_0, ES, GOOG, events, source

from tickwright.core.units import DAY
from tickwright.data.catalog import Catalog
from tickwright.data.store import manifest, session, versions
from tickwright.data.store.objects import ObjectFiles

# Reads lines of (kind, root, act, seed, calls until death or -1) and forks a writer for each: its process, then how it
# ended. The writer starts at a line of its own, so that a kill from outside can be timed from there.
FORKER = """
import builtins, os, signal, sys
sys.path.insert(0, sys.argv[1])
import pyarrow.parquet
from test_catalog_kill import SMALL, act_of, catalog_at, small
from tickwright.data.store import compaction, session, staging
small()

def deadly(left):
    def wrap(original):
        def call(*args, **kw):
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*args, **kw)
        return call
    for name in ("fsync", "replace", "rename", "mkdir", "rmdir", "unlink", "remove", "open"):
        setattr(os, name, wrap(getattr(os, name)))
    builtins.open = wrap(builtins.open)

for line in sys.stdin:
    kind, root, act, seed, left = line.split()
    child = os.fork()
    if child == 0:
        catalog = catalog_at(kind, root)
        if int(left) >= 0:
            deadly(int(left))
        os.write(1, f"{os.getpid()}\\n".encode())
        try:
            act_of(catalog, act, int(seed))
        except BaseException as error:
            print(type(error).__name__, error, file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    os.write(1, f"{os.waitstatus_to_exitcode(status)}\\n".encode())
"""
SMALL = 64 * 150
ACTS = ("ingest", "append", "replace", "compact", "prune")


def small():
    """Row groups so small that a write is many steps."""
    session.ROW_GROUP_BYTES = SMALL


def catalog_at(kind, root):
    if kind == "folder":
        return Catalog.create(root)
    files = ObjectFiles(LocalFileSystem(auto_mkdir=True), root, f"local://{root}")
    return Catalog(files, manifest.load_or_begin(files))


def act_of(catalog, act, seed):
    """A write that is a function of the catalog and the seed alone."""
    rng = np.random.default_rng(seed)
    if act == "compact":
        catalog.compact()
    elif act == "prune":
        catalog.prune(4)
    else:
        how = {"replace": {"replace": True}, "append": {"append": True}, "ingest": {}}[act]
        days = sorted({row.day for row in catalog.ls()})
        newest = (days[-1].toordinal() - DAY_0 - 719_163) if days else 0
        first = {"ingest": newest + 1, "append": newest, "replace": max(0, newest - 1)}[act]
        with catalog.ingest(source(f"{act} {seed}"), **how) as writing:
            for stock in (GOOG, ES):
                rows = events(int(rng.integers(2**31)), 700, day=first, days=2)
                if act == "append" and days:
                    # From the instrument's last row on, some of them on a day that is new.
                    held = catalog.read(stock.symbol, day=catalog.days(stock.symbol)[-1])["ts_recv"].max()
                    end = (DAY_0 + newest + 1) * DAY
                    rows["ts_recv"] = held + 1 + np.arange(len(rows)) * (abs(end - held) // len(rows) + 2)
                for at in range(0, len(rows), 100):
                    writing.append(stock, "events", rows[at : at + 100])


def all_versions(kind, root):
    """Every kept version with all that is visible in it; nothing where there is no catalog."""
    catalog = catalog_at(kind, root)
    found = {}
    for version in catalog.versions():
        as_of = versions.as_of(catalog.files, catalog._manifest, version.generation)
        found[version.generation] = visible(Catalog(catalog.files, as_of, pinned=True))
    return found


@pytest.fixture
def forker(monkeypatch):
    monkeypatch.setattr(session, "ROW_GROUP_BYTES", SMALL)
    command = [sys.executable, "-c", FORKER, str(Path(__file__).parent)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    yield process
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


def end_of_lease(root):
    """What happens to a dead writer's lease in time."""
    (Path(root) / manifest.LEASE).unlink(missing_ok=True)


def live_through(forker, folder, kind, kills, seed):
    """Kill `kills` writers one after the other; (killed before the commit, after it, not in time)."""
    print("seed", seed)
    rng = random.Random(seed)
    root, twin = str(folder / "catalog"), str(folder / "twin")
    before = all_versions(kind, root)
    outcomes = [0, 0, 0]
    # Of each write, about how long it takes and how many calls it makes: learned on the way.
    seconds, calls = dict.fromkeys(ACTS, 0.05), dict.fromkeys(ACTS, 60.0)
    for step in itertools.count():
        if outcomes[0] + outcomes[1] == kills:
            break
        act = rng.choice(ACTS) if before else "ingest"
        # What the write makes when nobody kills it: done here, on a copy.
        shutil.rmtree(twin, ignore_errors=True)
        if Path(root).exists():
            shutil.copytree(root, twin)
        act_of(catalog_at(kind, twin), act, step)
        after = all_versions(kind, twin)
        outside = rng.random() < 0.5
        left = -1 if outside else rng.randrange(int(calls[act]))
        forker.stdin.write(f"{kind} {root} {act} {step} {left}\n")
        writer = int(forker.stdout.readline())
        if outside:
            time.sleep(rng.random() * seconds[act])
            with suppress(ProcessLookupError):
                os.kill(writer, signal.SIGKILL)
        ended = int(forker.stdout.readline())
        assert ended in (-signal.SIGKILL, 0), (step, act)
        learned = seconds if outside else calls
        learned[act] *= 1.1 if ended else 0.8
        calls[act] = max(5.0, calls[act])
        now = all_versions(kind, root)
        assert now in (before, after), (step, act, left, sorted(now), sorted(before), sorted(after))
        if ended == 0:
            assert now == after
            outcomes[2] += 1
        else:
            outcomes[now == after and after != before] += 1
        end_of_lease(root)
        before = now
    # Whatever the dead left behind goes with the next write, and that write is whole.
    act_of(catalog_at(kind, root), "replace", 10**6)
    last = catalog_at(kind, root)
    named = versions.kept_paths(last.files, last._manifest)
    parts = {str(p.relative_to(root)) for p in Path(root).rglob("*.parquet")}
    assert parts == named
    assert not (Path(root) / ".staging").exists() or not list((Path(root) / ".staging").iterdir())
    print("killed before the commit, after it, too late:", outcomes)
    return outcomes


@pytest.mark.parametrize("kind", ["folder", "objects"])
def test_killed_at_random(forker, tmp_path, kind):
    live_through(forker, tmp_path, kind, kills=10, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folder", "objects"])
def test_two_hundred_random_kills(forker, tmp_path, kind):
    outcomes = live_through(forker, tmp_path, kind, kills=200, seed=2)
    assert outcomes[0] > 100
    assert outcomes[1] > 5
