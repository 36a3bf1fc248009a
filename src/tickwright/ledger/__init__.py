"""Fills → positions, cash, fees and profit, exact to the last unit; performance statistics. Imports core alone."""

from tickwright.ledger.account import Account, Pnl, Position, cash, open_account, pnl, replay, step, total_pnl

__all__ = ["Account", "Pnl", "Position", "cash", "open_account", "pnl", "replay", "step", "total_pnl"]
