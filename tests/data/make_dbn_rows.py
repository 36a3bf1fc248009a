"""Records of any schema and version in Databento's own layouts, for the tests of this folder."""

import io

import databento_dbn as dbn
import make_dbn
import numpy as np
import zstandard

SCHEMAS = (
    "mbo", "mbp-1", "tbbo", "mbp-10", "trades", "bbo-1s", "bbo-1m", "cmbp-1", "tcbbo", "cbbo-1s", "cbbo-1m",
    "ohlcv-1s", "ohlcv-1m", "ohlcv-1h", "ohlcv-1d", "ohlcv-eod", "definition", "statistics", "imbalance", "status",
)  # fmt: skip
PRICE = 4_800_000_000_000
TICK = 250_000_000
UNDEF_TIME = 2**64 - 1
_CLASSES = {
    "mbo": "MBOMsg", "mbp-1": "MBP1Msg", "tbbo": "MBP1Msg", "mbp-10": "MBP10Msg", "trades": "TradeMsg",
    "bbo-1s": "BBOMsg", "bbo-1m": "BBOMsg", "cmbp-1": "CMBP1Msg", "tcbbo": "CMBP1Msg", "cbbo-1s": "CBBOMsg",
    "cbbo-1m": "CBBOMsg", "definition": "InstrumentDefMsg", "statistics": "StatMsg", "imbalance": "ImbalanceMsg",
    "status": "StatusMsg",
}  # fmt: skip


def layout(schema, version=3):
    """Databento's layout of a record."""
    module = {1: dbn.v1, 2: dbn.v2, 3: dbn.v3}[version]
    return np.dtype(getattr(module, _CLASSES.get(schema, "OHLCVMsg"))._dtypes)


def rows(schema, count, version=3, **columns):
    """Records of ESH4 a microsecond apart, the columns given set, books of two levels, trades at the bid."""
    made = np.zeros(count, layout(schema, version))
    made["length"] = made.itemsize // 4
    made["rtype"] = dbn.RType.from_schema(dbn.Schema.from_str(schema)).value
    made["publisher_id"], made["instrument_id"] = 1, 17077
    made["ts_event"] = make_dbn.START + 1_000 * np.arange(count)
    names = made.dtype.names
    if "ts_recv" in names:
        made["ts_recv"] = made["ts_event"] + 500
    for name in names:
        if name[:6] in ("bid_px", "ask_px"):
            level = int(name[-2:])
            there = level < 2
            sign = -1 if name[0] == "b" else 1
            made[name] = PRICE + sign * TICK * (level + 1) if there else dbn.UNDEF_PRICE
            made[f"{name[:3]}_sz{name[6:]}"] = 10 + level if there else 0
    if schema in ("mbo", "mbp-1", "mbp-10", "cmbp-1"):
        made["action"], made["side"] = b"A", b"B"
    elif schema in ("trades", "tbbo", "tcbbo"):
        made["action"], made["side"] = b"T", b"A"
    elif schema.startswith(("bbo", "cbbo")):
        made["side"] = b"N"
    if "size" in names:
        made["price"], made["size"], made["flags"] = PRICE - TICK, 1 + np.arange(count) % 7, 128
    if schema == "definition":
        made["raw_symbol"], made["min_price_increment"], made["instrument_class"] = b"ESH4", TICK, b"F"
        made["currency"], made["exchange"], made["unit_of_measure_qty"] = b"USD", b"XCME", 50_000_000_000
    for name, values in columns.items():
        made[name] = values
    return made


def encode(schema, made, version=3, ts_out=False, **options):
    """The bytes of a DBN file."""
    header = make_dbn.metadata(schema=dbn.Schema.from_str(schema), version=version, ts_out=ts_out, **options)
    if not ts_out:
        return header + made.tobytes()
    longer = np.zeros(len(made), [("record", made.dtype), ("ts_out", "<u8")])
    longer["record"] = made
    longer["record"]["length"] += 2
    return header + longer.tobytes()


def write(path, schema, made, version=3, **options):
    """A DBN file, zstd when its name ends in .zst."""
    body = encode(schema, made, version, **options)
    path.write_bytes(zstandard.ZstdCompressor(level=3).compress(body) if path.suffix == ".zst" else body)
    return path


def decode(body, upgrade=False):
    """Every record of plain DBN bytes as Databento's decoder sees it."""
    policy = dbn.VersionUpgradePolicy.UPGRADE_TO_V3 if upgrade else dbn.VersionUpgradePolicy.AS_IS
    decoder = dbn.DBNDecoder(upgrade_policy=policy)
    decoder.write(body)
    return decoder.decode()[1:]


def to_csv(body, pretty_px=True, pretty_ts=True, symbols=True):
    """Plain DBN bytes as Databento's own CSV."""
    out = io.BytesIO()
    coder = dbn.Transcoder(out, dbn.Encoding.CSV, dbn.Compression.NONE, pretty_px, pretty_ts, symbols)
    coder.write(body)
    coder.flush()
    return out.getvalue()


def plain(path):
    """The bytes of a DBN file, decompressed."""
    raw = path.read_bytes()
    if raw[:4] == b"\x28\xb5\x2f\xfd":
        return zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True).read()
    return raw
