"""The records of a DBN file as NumPy layouts, by schema and version, with the field names that Databento publishes.

| schema | record type | bytes in version 1, 2, 3 |
|---|---|---|
| `mbo` | A0 | 56 |
| `mbp-1`, `tbbo` | 01 | 80 |
| `mbp-10` | 0A | 368 |
| `bbo-1s`, `bbo-1m` | C3, C4 | 80 |
| `cmbp-1`, `tcbbo` | B1, C2 | 80 |
| `cbbo-1s`, `cbbo-1m` | C0, C1 | 80 |
| `trades` | 00 | 48 |
| `ohlcv-1s`, `-1m`, `-1h`, `-1d`, `-eod` | 20, 21, 22, 23, 24 | 56 |
| `definition` | 13 | 360, 400, 520 |
| `statistics` | 18 | 64, 64, 80 |
| `imbalance` | 14 | 112 |
| `status` | 12 | 40 |

Prices are billionths, times nanoseconds UTC. The levels of a book are nested: `raw["levels"]["bid_px"]` is (rows, N).
Letters are bytes. A file that states `ts_out` has eight bytes more a record. `tests/data/test_dbn_layouts.py` holds
every field of every record against Databento's own decoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

PRICE_SCALE = 1_000_000_000
UNDEF_PRICE = 2**63 - 1
UNDEF_TIME = 2**64 - 1
UNDEF_SIZE = 2**32 - 1

_HEAD = [
    ("length", "u1"), ("rtype", "u1"), ("publisher_id", "<u2"), ("instrument_id", "<u4"), ("ts_event", "<u8"),
]  # fmt: skip
LEVEL = np.dtype(
    [("bid_px", "<i8"), ("ask_px", "<i8"), ("bid_sz", "<u4"), ("ask_sz", "<u4"), ("bid_ct", "<u4"), ("ask_ct", "<u4")]
)
_CONSOLIDATED = np.dtype(
    [
        ("bid_px", "<i8"), ("ask_px", "<i8"), ("bid_sz", "<u4"), ("ask_sz", "<u4"),
        ("bid_pb", "<u2"), ("_1", "<u2"), ("ask_pb", "<u2"), ("_2", "<u2"),
    ]
)  # fmt: skip
MBO = np.dtype(
    [
        *_HEAD, ("order_id", "<u8"), ("price", "<i8"), ("size", "<u4"), ("flags", "u1"), ("channel_id", "u1"),
        ("action", "u1"), ("side", "u1"), ("ts_recv", "<u8"), ("ts_in_delta", "<i4"), ("sequence", "<u4"),
    ]
)  # fmt: skip
_TRADE: list[Any] = [
    *_HEAD, ("price", "<i8"), ("size", "<u4"), ("action", "u1"), ("side", "u1"), ("flags", "u1"), ("depth", "u1"),
    ("ts_recv", "<u8"), ("ts_in_delta", "<i4"), ("sequence", "<u4"),
]  # fmt: skip
TRADE = np.dtype(_TRADE)
MBP_1 = np.dtype([*_TRADE, ("levels", LEVEL, (1,))])
MBP_10 = np.dtype([*_TRADE, ("levels", LEVEL, (10,))])
BBO = np.dtype(
    [
        *_HEAD, ("price", "<i8"), ("size", "<u4"), ("_1", "u1"), ("side", "u1"), ("flags", "u1"), ("_2", "u1"),
        ("ts_recv", "<u8"), ("_3", "<u4"), ("sequence", "<u4"), ("levels", LEVEL, (1,)),
    ]
)  # fmt: skip
CMBP_1 = np.dtype(
    [
        *_HEAD, ("price", "<i8"), ("size", "<u4"), ("action", "u1"), ("side", "u1"), ("flags", "u1"), ("_1", "u1"),
        ("ts_recv", "<u8"), ("ts_in_delta", "<i4"), ("_2", "<u4"), ("levels", _CONSOLIDATED, (1,)),
    ]
)  # fmt: skip
CBBO = np.dtype(
    [
        *_HEAD, ("price", "<i8"), ("size", "<u4"), ("_1", "u1"), ("side", "u1"), ("flags", "u1"), ("_2", "u1"),
        ("ts_recv", "<u8"), ("_3", "<u8"), ("levels", _CONSOLIDATED, (1,)),
    ]
)  # fmt: skip
OHLCV = np.dtype([*_HEAD, ("open", "<i8"), ("high", "<i8"), ("low", "<i8"), ("close", "<i8"), ("volume", "<u8")])
STATUS = np.dtype(
    [
        *_HEAD, ("ts_recv", "<u8"), ("action", "<u2"), ("reason", "<u2"), ("trading_event", "<u2"),
        ("is_trading", "u1"), ("is_quoting", "u1"), ("is_short_sell_restricted", "u1"), ("_1", "u1", (7,)),
    ]
)  # fmt: skip
IMBALANCE = np.dtype(
    [
        *_HEAD, ("ts_recv", "<u8"), ("ref_price", "<i8"), ("auction_time", "<u8"), ("cont_book_clr_price", "<i8"),
        ("auct_interest_clr_price", "<i8"), ("ssr_filling_price", "<i8"), ("ind_match_price", "<i8"),
        ("upper_collar", "<i8"), ("lower_collar", "<i8"), ("paired_qty", "<u4"), ("total_imbalance_qty", "<u4"),
        ("market_imbalance_qty", "<u4"), ("unpaired_qty", "<u4"), ("auction_type", "u1"), ("side", "u1"),
        ("auction_status", "u1"), ("freeze_status", "u1"), ("num_extensions", "u1"), ("unpaired_side", "u1"),
        ("significant_imbalance", "u1"), ("_1", "u1"),
    ]
)  # fmt: skip


def _statistics(quantity: str, reserved: int) -> np.dtype[Any]:
    return np.dtype(
        [
            *_HEAD, ("ts_recv", "<u8"), ("ts_ref", "<u8"), ("price", "<i8"), ("quantity", quantity),
            ("sequence", "<u4"), ("ts_in_delta", "<i4"), ("stat_type", "<u2"), ("channel_id", "<u2"),
            ("update_action", "u1"), ("stat_flags", "u1"), ("_1", "u1", (reserved,)),
        ]
    )  # fmt: skip


STATISTICS_V1, STATISTICS_V3 = _statistics("<i4", 6), _statistics("<i8", 18)

# Fields of a definition that are read: format, and offset in version 1, 2 and 3; legs stand in version 3 alone.
_DEFINITION: list[tuple[str, str, int, int, int]] = [
    ("min_price_increment", "<i8", 24, 24, 24), ("display_factor", "<i8", 32, 32, 32),
    ("expiration", "<u8", 40, 40, 40), ("activation", "<u8", 48, 48, 48), ("high_limit_price", "<i8", 56, 56, 56),
    ("low_limit_price", "<i8", 64, 64, 64), ("max_price_variation", "<i8", 72, 72, 72),
    ("unit_of_measure_qty", "<i8", 88, 88, 80), ("min_price_increment_amount", "<i8", 96, 96, 88),
    ("price_ratio", "<i8", 104, 104, 96), ("strike_price", "<i8", 328, 112, 104),
    ("underlying_id", "<u4", 116, 124, 140), ("market_depth_implied", "<i4", 124, 132, 144),
    ("market_depth", "<i4", 128, 136, 148), ("max_trade_vol", "<u4", 136, 144, 156),
    ("min_lot_size", "<i4", 140, 148, 160), ("min_lot_size_block", "<i4", 144, 152, 164),
    ("min_lot_size_round_lot", "<i4", 148, 156, 168), ("min_trade_vol", "<u4", 152, 160, 172),
    ("contract_multiplier", "<i4", 160, 164, 176), ("original_contract_size", "<i4", 168, 172, 184),
    ("maturity_year", "<u2", 180, 180, 214), ("channel_id", "<u2", 184, 184, 218), ("currency", "S4", 186, 186, 224),
    ("exchange", "S5", 243, 292, 330), ("instrument_class", "u1", 325, 374, 487),
    ("match_algorithm", "u1", 342, 375, 488), ("security_update_action", "u1", 349, 382, 493),
    ("maturity_month", "u1", 350, 383, 494), ("maturity_day", "u1", 351, 384, 495),
    ("maturity_week", "u1", 352, 385, 496), ("user_defined_instrument", "u1", 353, 386, 497),
]  # fmt: skip
_OF_VERSION: dict[int, list[tuple[str, str, int]]] = {
    1: [("raw_symbol", "S22", 200), ("raw_instrument_id", "<u4", 120)],
    2: [("raw_symbol", "S71", 200), ("raw_instrument_id", "<u4", 128)],
    3: [
        ("raw_symbol", "S71", 238), ("raw_instrument_id", "<u8", 112), ("leg_price", "<i8", 120),
        ("leg_instrument_id", "<u4", 188), ("leg_ratio_price_numerator", "<i4", 192),
        ("leg_ratio_price_denominator", "<i4", 196), ("leg_ratio_qty_numerator", "<i4", 200),
        ("leg_ratio_qty_denominator", "<i4", 204), ("leg_count", "<u2", 220), ("leg_index", "<u2", 222),
        ("leg_side", "u1", 502),
    ],
}  # fmt: skip


def _definition(version: int, size: int) -> np.dtype[Any]:
    offset = 1 + version
    head = [(name, form, at) for (name, form), at in zip(_HEAD, (0, 1, 2, 4, 8), strict=True)]
    rows = [*head, ("ts_recv", "<u8", 16), *((row[0], row[1], row[offset]) for row in _DEFINITION)]
    names, formats, offsets = zip(*rows, *_OF_VERSION[version], strict=True)
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})


DEFINITION = (_definition(1, 360), _definition(2, 400), _definition(3, 520))


@dataclass(frozen=True, slots=True)
class Record:
    """The record of one schema: its type byte, what messages call it, and its layout in each version."""

    schema: str
    rtype: int
    layouts: tuple[np.dtype[Any], np.dtype[Any], np.dtype[Any]]

    @property
    def unit(self) -> str:
        """What one is called, as `mbp-10 record`."""
        return "market-by-order record" if self.schema == "mbo" else f"{self.schema} record"

    def layout(self, version: int, ts_out: bool = False) -> np.dtype[Any]:
        """The layout in a file of a version, with `ts_out` behind it where the file says so."""
        layout = self.layouts[version - 1]
        return np.dtype([("record", layout), ("ts_out", "<u8")]) if ts_out else layout


def _same(schema: str, rtype: int, layout: np.dtype[Any]) -> Record:
    return Record(schema, rtype, (layout, layout, layout))


RECORDS: Mapping[str, Record] = {
    record.schema: record
    for record in (
        _same("mbo", 0xA0, MBO), _same("mbp-1", 0x01, MBP_1), _same("tbbo", 0x01, MBP_1), _same("mbp-10", 0x0A, MBP_10),
        _same("trades", 0x00, TRADE), _same("bbo-1s", 0xC3, BBO), _same("bbo-1m", 0xC4, BBO),
        _same("cmbp-1", 0xB1, CMBP_1), _same("tcbbo", 0xC2, CMBP_1), _same("cbbo-1s", 0xC0, CBBO),
        _same("cbbo-1m", 0xC1, CBBO), _same("ohlcv-1s", 0x20, OHLCV), _same("ohlcv-1m", 0x21, OHLCV),
        _same("ohlcv-1h", 0x22, OHLCV), _same("ohlcv-1d", 0x23, OHLCV), _same("ohlcv-eod", 0x24, OHLCV),
        _same("status", 0x12, STATUS), _same("imbalance", 0x14, IMBALANCE), Record("definition", 0x13, DEFINITION),
        Record("statistics", 0x18, (STATISTICS_V1, STATISTICS_V1, STATISTICS_V3)),
    )
}  # fmt: skip
"""Every schema that is read, by Databento's name."""
