"""Tickwright takes tick data to trades: books, factors, decisions, one honest simulator, transaction-cost analysis."""

__version__ = "0.1.0"
