"""The parts of a shortfall in the order in which they arise, read from a row of result.json."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

LABELS = {
    "delay": "delay",
    "spread": "spread",
    "impact": "impact",
    "timing": "timing",
    "trading": "trading",
    "opportunity": "opportunity",
    "fees": "fees",
}


def parts(row: dict[str, Any]) -> dict[str, Decimal]:
    """Delay, spread, impact, timing, opportunity, fees in currency; `trading` whole where its split is absent.

    The values sum to the row's total exactly.
    """
    shortfall = row["shortfall"]
    split = row.get("trading_split")
    if split is None or any(value is None for value in split.values()):
        trading = {"trading": Decimal(shortfall["trading"])}
    else:
        trading = {name: Decimal(split[name]) for name in ("spread", "impact", "timing") if name in split}
    return {
        "delay": Decimal(shortfall["delay"]),
        **trading,
        "opportunity": Decimal(shortfall["opportunity"]),
        "fees": Decimal(shortfall["fees"]),
    }
