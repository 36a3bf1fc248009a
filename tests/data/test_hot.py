"""The hot cache: an entry is whole or absent, comes back byte for byte without a copy, and the folder stays bounded."""

import msgspec
import numpy as np
import pytest

from tickwright.core.errors import InternalError
from tickwright.core.events import MARKET_EVENT
from tickwright.data import hot
from tickwright.data.hot import HotCache


def rows(seed, count=100):
    result = np.zeros(count, MARKET_EVENT)
    result["order_id"] = np.random.default_rng(seed).integers(0, 2**63, count, np.uint64)
    return result


def test_what_was_put_comes_back_mapped_and_read_only(tmp_path):
    cache = HotCache(tmp_path / "hot")
    assert cache.get("a1") is None
    cache.put("a1", {"tape": rows(1), "empty": np.zeros(0, np.int64)}, {"counts": {"rows": 100}, "note": "ä"})
    arrays, facts = cache.get("a1")
    assert arrays["tape"].tobytes() == rows(1).tobytes()
    assert isinstance(arrays["tape"], np.memmap)
    assert not arrays["tape"].flags.writeable
    assert len(arrays["empty"]) == 0
    assert {name: msgspec.json.decode(fact) for name, fact in facts.items()} == {"counts": {"rows": 100}, "note": "ä"}
    with pytest.raises(InternalError, match=r"key '../x'"):
        cache.get("../x")


def test_a_damaged_entry_is_absent_and_replaced(tmp_path):
    """Cut any file of an entry at any of many places: get gives None, put repairs, nothing else happens."""
    cache = HotCache(tmp_path)
    cache.put("k", {"tape": rows(1, 3)}, {"n": 1})
    for name in ("tape.npy", "meta.json"):
        whole = (tmp_path / "k" / name).read_bytes()
        for cut in range(len(whole)):
            (tmp_path / "k" / name).write_bytes(whole[:cut])
            assert cache.get("k") is None, (name, cut)
        cache.put("k", {"tape": rows(1, 3)}, {"n": 1})
        assert cache.get("k")[0]["tape"].tobytes() == rows(1, 3).tobytes()


def test_the_longest_unused_go_first_and_what_is_mapped_stays_readable(tmp_path):
    size = rows(0).nbytes
    cache = HotCache(tmp_path, most_bytes=int(3.5 * size))
    for key in ("a", "b", "c"):
        cache.put(key, {"x": rows(1)}, {})
    mapped = cache.get("a")[0]["x"]
    cache.put("d", {"x": rows(2)}, {})
    assert [cache.get(k) is not None for k in "abcd"] == [True, False, True, True]
    for key in ("e", "f", "g"):
        cache.put(key, {"x": rows(3)}, {})
    assert cache.get("a") is None
    assert mapped.tobytes() == rows(1).tobytes()


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    cache = HotCache(tmp_path)
    monkeypatch.setattr(hot, "_write", lambda *a: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    cache.put("k", {"x": rows(1)}, {})
    assert list(tmp_path.iterdir()) == []
    assert cache.get("k") is None
