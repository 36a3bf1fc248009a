"""Every feed's way into the catalog, in one place to import from: hash the file, stream it, stage its rows, commit.

| function | files |
|---|---|
| `ingest_lobster` | LOBSTER message and order-book pairs |
| `ingest_dbn` | Databento DBN of any schema |
| `ingest_databento_csv` | Databento CSV of any schema |
| `ingest_itch` | NASDAQ ITCH 5.0 |
| `ingest_binance` | Binance raw websocket lines, spot and USD-M |
| `ingest_bitstamp` | Bitstamp order events |
| `ingest_csv` | any CSV file, by a mapping in TOML |
| `ingest_bars` | CSV files of bars, daily or shorter |
| `ingest_reference` | sectors, splits and dividends, daily series |
| `write_events` | market events that were made, not read |
"""

from tickwright.data.bars.ingest import ingest_bars
from tickwright.data.binance.ingest import ingest_binance
from tickwright.data.bitstamp.ingest import ingest_bitstamp
from tickwright.data.databento.ingest import ingest_databento_csv, ingest_dbn
from tickwright.data.intake import IngestSummary, write_events
from tickwright.data.itch.ingest import ingest_itch
from tickwright.data.lobster.ingest import ingest_lobster
from tickwright.data.reference.ingest import ingest_reference
from tickwright.data.tables.ingest import ingest_csv

__all__ = [
    "IngestSummary",
    "ingest_bars",
    "ingest_binance",
    "ingest_bitstamp",
    "ingest_csv",
    "ingest_databento_csv",
    "ingest_dbn",
    "ingest_itch",
    "ingest_lobster",
    "ingest_reference",
    "write_events",
]
