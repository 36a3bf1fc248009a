"""The bytes of every layout: a change of one must be meant, for stored files and compiled kernels depend on them."""

import numpy as np
import pytest

from tickwright.book.layout import LEVEL, ORDER, TAPE
from tickwright.core.events import MARKET_EVENT, QUOTE, TRADE, Action, Flag, MarketEvent, Side
from tickwright.core.layout import from_rows, to_rows
from tickwright.core.records import COMMAND, FILL, INTENT, OBSERVATION, ORDER_EVENT, VERDICT, Fill, Intent
from tickwright.core.tables import (
    BAR,
    IMBALANCE,
    IMBALANCE_OPTIONAL,
    PRINT,
    STATISTIC,
    STATISTIC_OPTIONAL,
    STATUS,
    TERMS,
    TERMS_OPTIONAL,
    TOP_OF_BOOK,
)


def test_market_event_is_64_bytes_in_this_order():
    offsets = {name: MARKET_EVENT.fields[name][1] for name in MARKET_EVENT.names}
    assert offsets == {
        "ts_event": 0, "ts_recv": 8, "order_id": 16, "price": 24, "size": 32, "sequence": 40,
        "instrument_id": 48, "venue_id": 52, "subtick": 54, "action": 56, "side": 57, "flags": 58, "_pad": 59,
    }  # fmt: skip
    assert MARKET_EVENT.itemsize == 64


def test_market_event_bytes():
    event = MarketEvent(
        ts_event=0x0102030405060708, ts_recv=-1, order_id=2**64 - 1, price=-2, size=3, sequence=4,
        instrument_id=5, venue_id=6, subtick=7, action=Action.ADD, side=Side.BID, flags=Flag.LAST | Flag.SYNTHETIC,
    )  # fmt: skip
    expected = (
        "0807060504030201" "ffffffffffffffff" "ffffffffffffffff" "feffffffffffffff" "0300000000000000"
        "0400000000000000" "05000000" "0600" "0700" "41" "42" "81" "0000000000"
    )  # fmt: skip
    rows = to_rows(MarketEvent, [event])
    assert rows.tobytes().hex() == expected
    assert from_rows(MarketEvent, rows) == [event]


@pytest.mark.parametrize(
    ("layout", "size"),
    [
        (QUOTE, 40), (TRADE, 40), (TAPE, 40), (ORDER, 32), (LEVEL, 16), (OBSERVATION, 360), (INTENT, 48),
        (COMMAND, 120), (VERDICT, 40), (ORDER_EVENT, 120), (FILL, 152),
        (TOP_OF_BOOK, 64), (PRINT, 56), (BAR, 56), (STATISTIC, 56), (IMBALANCE, 128), (STATUS, 32), (TERMS, 280),
    ],
)  # fmt: skip
def test_sizes_and_little_endian(layout, size):
    assert layout.itemsize == size
    for name in layout.names:
        kind = layout.fields[name][0]
        assert kind.base.str[0] in "<|"


@pytest.mark.parametrize(
    ("layout", "optional"),
    [(STATISTIC, STATISTIC_OPTIONAL), (IMBALANCE, IMBALANCE_OPTIONAL), (TERMS, TERMS_OPTIONAL)],
)
def test_every_optional_field_is_one_and_has_a_bit(layout, optional):
    assert set(optional) < set(layout.names)
    assert len(set(optional)) == len(optional) <= 8 * layout["missing"].itemsize


def test_letters_follow_databento_and_itch():
    assert {a.name: chr(a) for a in Action} == {
        "ADD": "A", "CANCEL": "C", "MODIFY": "M", "EXECUTE": "E", "CLEAR": "R", "FILL": "F", "TRADE": "T",
        "HIDDEN": "P", "CROSS": "Q", "HALT": "H", "NONE": "N",
    }  # fmt: skip
    assert {s.name: chr(s) for s in Side} == {"BID": "B", "ASK": "A", "NONE": "N"}


def test_records_and_rows_round_trip():
    fills = [Fill(*range(i, i + 17)) for i in range(3)]
    assert from_rows(Fill, to_rows(Fill, fills)) == fills
    assert from_rows(Intent, np.zeros(0, INTENT)) == []
