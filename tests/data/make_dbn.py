"""DBN files made with Databento's own encoder, for the tests of this folder."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import databento_dbn as dbn
import zstandard

START = 1_703_462_400_000_000_000  # 2023-12-25 00:00 UTC
DAY = dt.date(2023, 12, 25)
UNDEF_TIME = 2**64 - 1


def metadata(symbols=None, version=3, dataset="GLBX.MDP3", schema=dbn.Schema.MBO, ts_out=False):
    """Encoded metadata; `symbols` maps a symbol to its (instrument id, first day, end day) intervals."""
    symbols = {"ESH4": [(17077, DAY, DAY + dt.timedelta(1))]} if symbols is None else symbols
    mappings = [
        SimpleNamespace(
            raw_symbol=name,
            intervals=[SimpleNamespace(start_date=a, end_date=b, symbol=str(number)) for number, a, b in spans],
        )
        for name, spans in symbols.items()
    ]
    return dbn.Metadata(
        dataset=dataset, start=START, end=None, stype_in=dbn.SType.RAW_SYMBOL, stype_out=dbn.SType.INSTRUMENT_ID,
        schema=schema, symbols=list(symbols), partial=[], not_found=[], mappings=mappings, ts_out=ts_out,
        version=version,
    ).encode()  # fmt: skip


def mbo(k=0, **changes):
    """One record: the k-th of a plain series of ES orders a quarter point apart."""
    fields = {
        "publisher_id": 1, "instrument_id": 17077, "ts_event": START + 1_000 * k, "order_id": 100 + k,
        "price": 4_800_000_000_000 + 250_000_000 * (k % 40), "size": 1 + k % 7, "action": dbn.Action.ADD,
        "side": dbn.Side.BID if k % 2 else dbn.Side.ASK, "ts_recv": START + 1_000 * k + 500, "flags": 128,
        "channel_id": 0, "ts_in_delta": 5, "sequence": k,
    }  # fmt: skip
    return dbn.MBOMsg(**{**fields, **changes})


def write(path: Path, records, header=None):
    """A file of records, zstd when its name ends in .zst."""
    body = (metadata() if header is None else header) + b"".join(bytes(r) for r in records)
    path.write_bytes(zstandard.ZstdCompressor(level=3).compress(body) if path.suffix == ".zst" else body)
    return path


def decode(path: Path):
    """Every record of a file as Databento's decoder sees it, without the metadata."""
    raw = path.read_bytes()
    if raw[:4] == b"\x28\xb5\x2f\xfd":
        raw = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True).read()
    decoder = dbn.DBNDecoder()
    decoder.write(raw)
    return decoder.decode()[1:]
