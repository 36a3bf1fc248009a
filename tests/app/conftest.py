"""A small generated catalog and one finished run on it, shared by the tests of the command line."""

import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tickwright.app.cli import main
from tickwright.app.first_use import NOTICE
from tickwright.core.instrument import Instrument
from tickwright.core.time import parse_time

DAY = dt.date(2024, 1, 3)


@dataclass(frozen=True)
class Run:
    """What a run left in its folder."""

    folder: Path
    result: dict
    orders: pl.DataFrame
    fills: pl.DataFrame
    page: str


def call(capsys, *arguments):
    """Run a command in this process: (exit code, stdout, stderr without the line on the first use)."""
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    shown = capsys.readouterr()
    return end.value.code, shown.out, shown.err.replace(f"{NOTICE}\n", "")


def load(folder):
    return Run(
        folder,
        json.loads((folder / "result.json").read_text()),
        pl.read_parquet(folder / "orders.parquet"),
        pl.read_parquet(folder / "fills.parquet"),
        (folder / "report.html").read_text(),
    )


ORDERS = (
    "--instrument", "ZIF", "--date", DAY.isoformat(), "--side", "buy", "--side", "sell", "--quantity", "1500",
    "--start", "10:05", "--end", "10:20", "--decision", "10:04:30", "--policy", "twap/take",
    "--policy", "twap/post-then-cross", "--maker-fee=-0.002", "--taker-fee", "0.003",
)  # fmt: skip


@pytest.fixture(scope="session")
def zif_catalog(tmp_path_factory):
    """A catalog of one generated instrument, 10:00 to 10:50 on one day."""
    from even_market import day, santa_fe

    from tickwright.data.catalog import Catalog
    from tickwright.data.ingest import write_events

    folder = tmp_path_factory.mktemp("zif") / "ticks"
    instrument = Instrument("ZIF", "XSIM", "USD", Decimal("0.01"), timezone="America/New_York", source="test")
    begin, end = (parse_time(text, DAY, instrument.timezone) for text in ("10:00", "10:50"))
    events = day(santa_fe(), 11, begin, end, instrument.id)
    write_events(Catalog.create(folder), instrument, events, "generated")
    return folder


@pytest.fixture(scope="session")
def finished(zif_catalog, tmp_path_factory):
    """One finished run: two parent orders, two policies."""
    folder = tmp_path_factory.mktemp("run") / "out"
    with pytest.raises(SystemExit) as end:
        main(["execute", "--catalog", str(zif_catalog), *ORDERS, "--out", str(folder)])
    assert end.value.code == 0
    return load(folder)
