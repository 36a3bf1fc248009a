"""The hot cache: an entry is whole or absent, comes back byte for byte without a copy, and the folder stays bounded."""

import random
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tickwright.core.errors import ConfigError, InternalError
from tickwright.core.events import MARKET_EVENT
from tickwright.data import hot
from tickwright.data.hot import HotCache, default_cache, let_go


def rows(seed, count=100):
    result = np.zeros(count, MARKET_EVENT)
    result["order_id"] = np.random.default_rng(seed).integers(0, 2**63, count, np.uint64)
    return result


def put(cache, key, arrays, facts=None):
    with cache.making(key) as draft:
        for name, array in arrays.items():
            draft.append(name, array)
        draft.tell(facts or {})


def test_what_was_put_comes_back_mapped_and_nobody_writes_into_the_file(tmp_path):
    cache = HotCache(tmp_path / "hot")
    assert cache.get("a1") is None
    put(cache, "a1", {"tape": rows(1), "empty": np.zeros(0, np.int64)}, {"counts": {"rows": 100}, "note": "ä"})
    arrays, facts = cache.get("a1")
    assert arrays["tape"].tobytes() == rows(1).tobytes()
    assert isinstance(arrays["tape"].base, np.memmap)
    assert len(arrays["empty"]) == 0
    assert {name: msgspec.json.decode(fact) for name, fact in facts.items()} == {"counts": {"rows": 100}, "note": "ä"}
    arrays["tape"]["price"] = 5
    assert cache.get("a1")[0]["tape"].tobytes() == rows(1).tobytes()
    with pytest.raises(InternalError, match=r"key '../x'"):
        cache.get("../x")


def test_rows_appended_in_pieces_are_the_rows_in_one(tmp_path):
    """However an array is cut, its file is that of `np.save`, and pages that were let go are read again."""
    cache, whole = HotCache(tmp_path), rows(1, 10_000)
    cuts = [0, 0, 1, 7, 4096, 9_999, 10_000, 10_000]
    with cache.making("k") as draft:
        for begin, end in pairwise(cuts):
            draft.append("tape", whole[begin:end])
    assert np.load(tmp_path / "k" / "tape.npy").tobytes() == whole.tobytes()
    tape = cache.get("k")[0]["tape"]
    for part in (tape, tape[5:50]["price"], whole):
        let_go(part)
    assert tape.tobytes() == whole.tobytes()


def test_a_damaged_entry_is_absent_and_replaced(tmp_path):
    """Cut any file of an entry at any place, or flip any one bit of it: get gives None, making repairs."""
    cache = HotCache(tmp_path)
    put(cache, "k", {"tape": rows(1, 3)}, {"n": 1})
    for name in ("tape.npy", "meta"):
        whole = (tmp_path / "k" / name).read_bytes()
        for cut in range(len(whole)):
            (tmp_path / "k" / name).write_bytes(whole[:cut])
            assert cache.get("k") is None, (name, cut)
        put(cache, "k", {"tape": rows(1, 3)}, {"n": 1})
        assert cache.get("k")[0]["tape"].tobytes() == rows(1, 3).tobytes()
        for bit in random.Random(7).sample(range(8 * len(whole)), 200):
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 1 << bit % 8
            (tmp_path / "k" / name).write_bytes(flipped)
            assert cache.get("k") is None, (name, bit)
        (tmp_path / "k" / name).write_bytes(whole)
        assert cache.get("k") is not None


def test_the_longest_unused_go_first_and_what_is_mapped_stays_readable(tmp_path):
    size = rows(0).nbytes
    cache = HotCache(tmp_path, most_bytes=int(3.8 * size))
    for key in ("a", "b", "c"):
        put(cache, key, {"x": rows(1)})
    mapped = cache.get("a")[0]["x"]
    put(cache, "d", {"x": rows(2)})
    assert [cache.get(k) is not None for k in "abcd"] == [True, False, True, True]
    for key in ("e", "f", "g"):
        put(cache, key, {"x": rows(3)})
    assert cache.get("a") is None
    assert mapped.tobytes() == rows(1).tobytes()


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    cache = HotCache(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(hot.Draft, "finish", full)
        with pytest.raises(OSError, match="No space"):
            put(cache, "k", {"x": rows(1)})
        patch.setattr(hot.Draft, "finish", lambda draft: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            put(cache, "k", {"x": rows(1)})
    assert list(tmp_path.iterdir()) == []
    assert cache.get("k") is None


def test_two_who_make_the_same_entry_both_end_well(tmp_path):
    cache = HotCache(tmp_path)
    with cache.making("k") as slow:
        slow.append("x", rows(1))
        put(cache, "k", {"x": rows(1)})
    assert cache.get("k")[0]["x"].tobytes() == rows(1).tobytes()
    assert [f.name for f in tmp_path.iterdir()] == ["k"]


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from tickwright.data.hot import HotCache
with HotCache(Path(sys.argv[1])).making("dead") as draft:
    draft.append("x", np.zeros(1_000))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_leaves_goes_and_what_a_living_one_makes_stays(tmp_path):
    """Invariant: the next making, even one that fails, removes the drafts of dead processes and no other."""
    cache = HotCache(tmp_path)
    with cache.making("slow") as slow:
        slow.append("x", rows(1))
        subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)])
        assert len(list(tmp_path.iterdir())) == 2
        with pytest.raises(KeyboardInterrupt), cache.making("k"):
            raise KeyboardInterrupt
        assert list(tmp_path.iterdir()) == [slow.folder]
        put(cache, "k", {"x": rows(2)})
        slow.append("x", rows(3))
    assert sorted(f.name for f in tmp_path.iterdir()) == ["k", "slow"]
    assert cache.get("slow")[0]["x"].tobytes() == rows(1).tobytes() + rows(3).tobytes()


@pytest.mark.parametrize("step", ["is_dir", "stat", "iterdir"])
def test_an_entry_that_another_process_trims_at_the_same_time_is_no_failure(tmp_path, monkeypatch, step):
    """However late the other takes it away, the entry that was made is kept and the making ends well."""
    cache = HotCache(tmp_path, most_bytes=1)
    put(HotCache(tmp_path), "old", {"x": rows(1)})
    real = getattr(Path, step)

    def racing(path, *args, **options):
        found = real(path, *args, **options)
        if path.name == "old":
            shutil.rmtree(path, ignore_errors=True)
        return found

    monkeypatch.setattr(Path, step, racing)
    put(cache, "new", {"x": rows(2)})
    monkeypatch.undo()
    assert [f.name for f in tmp_path.iterdir()] == ["new"]
    assert cache.get("new")[0]["x"].tobytes() == rows(2).tobytes()


def test_the_switch_in_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(hot.SWITCH, raising=False)
    assert default_cache().root == tmp_path / "tickwright" / "hot"
    for off in ("off", "OFF", "0"):
        monkeypatch.setenv(hot.SWITCH, off)
        assert default_cache() is None
    monkeypatch.setenv(hot.SWITCH, "3")
    with default_cache().making("k") as draft:
        draft.append("x", rows(1))
    assert (tmp_path / "tickwright" / "hot" / "k" / "x.npy").exists()
    for bad in ("", "-1", "1.5", "much", "1" * 9):
        monkeypatch.setenv(hot.SWITCH, bad)
        with pytest.raises(ConfigError, match="TICKWRIGHT_HOT_CACHE"):
            default_cache()
