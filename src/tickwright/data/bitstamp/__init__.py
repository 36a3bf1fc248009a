"""Bitstamp: market by order, one CSV row an order event."""
