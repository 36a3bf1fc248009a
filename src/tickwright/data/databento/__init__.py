"""Databento: DBN and CSV files, definitions."""
