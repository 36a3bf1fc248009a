"""Every feed's way into the catalog, in one place to import from: hash the file, stream it, stage its rows, commit.

| function | files |
|---|---|
| `ingest_lobster` | LOBSTER message and order-book pairs |
| `ingest_dbn` | Databento DBN `mbo` |
| `write_events` | market events that were made, not read |
"""

from tickwright.data.databento.ingest import ingest_dbn
from tickwright.data.intake import IngestSummary, write_events
from tickwright.data.lobster.ingest import ingest_lobster

__all__ = ["IngestSummary", "ingest_dbn", "ingest_lobster", "write_events"]
