"""Readers of venue and vendor files, and the tick catalog they fill: file → reader → ingest → catalog → read."""
