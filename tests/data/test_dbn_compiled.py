"""The compiled pass over market-by-order records against the mapping column by column."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickwright.core.errors import TickwrightError
from tickwright.core.events import MARKET_EVENT
from tickwright.core.instrument import Instrument
from tickwright.data.databento import events
from tickwright.data.databento.layouts import MBO, UNDEF_PRICE, UNDEF_SIZE, UNDEF_TIME
from tickwright.data.places import Places

QUARTER = Instrument("ES", "XCME", "USD", Decimal("0.25"))
GRID = 250_000_000
# Each is settled, refused, or an ordinary value at the edge of what is allowed.
ODD = {
    "ts_event": (UNDEF_TIME, 2**63, 2**63 - 1, 0),
    "ts_recv": (UNDEF_TIME, 2**63, 0),
    "price": (UNDEF_PRICE, GRID // 2, GRID // 3, -GRID, -GRID // 2, 0, GRID - 1, -(2**63), GRID // 10_000),
    "size": (UNDEF_SIZE, 0, UNDEF_SIZE - 1),
    "action": (*b"ACMRTFN", 0, *b"x"),
    "side": (*b"BAN", 0, *b"x"),
    "flags": (0, 255),
    "publisher_id": (0, 65535),
}


def records(count, seed):
    """Plain records on the grid."""
    rng = np.random.default_rng(seed)
    raw = np.zeros(count, MBO)
    raw["ts_event"] = 1_700_000_000_000_000_000 + rng.integers(0, 10**9, count)
    raw["ts_recv"] = raw["ts_event"] + 1000
    raw["order_id"] = rng.integers(0, 2**63, count, dtype=np.uint64) * 2 + 1
    raw["price"] = rng.integers(-50, 50, count) * GRID
    raw["size"] = rng.integers(0, 100, count)
    raw["sequence"] = rng.integers(0, 2**32, count)
    raw["action"] = rng.choice(np.frombuffer(b"ACMFT", np.uint8), count)
    raw["side"] = rng.choice(np.frombuffer(b"BA", np.uint8), count)
    raw["flags"] = rng.integers(0, 256, count)
    raw["publisher_id"] = 1
    return raw


def outcome(work):
    try:
        return work().tobytes()
    except TickwrightError as error:
        return type(error), str(error)


def both(raw):
    """What the two ways make of the same records."""
    places = Places(Path("file.dbn"), "record", 0)
    patch = pytest.MonkeyPatch()
    with patch.context() as given_here:
        given_here.setattr(events, "COMPILED_FROM", 1)
        fast = outcome(lambda: events.map_events(raw, QUARTER, places, Counter())[0][1])
    return fast, outcome(lambda: events.mapped(raw, QUARTER, places))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_compiled_pass_maps_and_refuses_what_the_columns_do(data):
    """Invariant: the same bytes or the same refusal, whatever a field of any record holds."""
    raw = records(12, data.draw(st.integers(0, 99)))
    for _ in range(data.draw(st.integers(0, 3))):
        name = data.draw(st.sampled_from(sorted(ODD)))
        raw[name][data.draw(st.integers(0, 11))] = data.draw(st.sampled_from(ODD[name]))
    fast, slow = both(raw)
    assert fast == slow


def test_records_apart_or_picked_are_mapped_like_those_in_a_row():
    raw = records(40, 1)
    apart = np.zeros(40, [("record", MBO), ("ts_out", "<u8")])
    apart["record"] = raw
    picked = raw[np.arange(40)]
    assert both(apart["record"]) == both(picked) == both(raw)


def test_plain_records_take_the_compiled_pass_alone(monkeypatch):
    monkeypatch.setattr(events, "COMPILED_FROM", 40)
    monkeypatch.setattr(events, "mapped", lambda *_: pytest.fail("mapped column by column"))
    [(_, rows)] = events.map_events(records(40, 2), QUARTER, Places(Path("f"), "record", 0), Counter())
    assert rows.dtype == MARKET_EVENT
    assert len(rows) == 40
