"""Binance: raw websocket lines, spot and USD-M futures."""
