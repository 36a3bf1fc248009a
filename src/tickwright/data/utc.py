"""Nanoseconds UTC as text for messages."""

from __future__ import annotations

from tickwright.core.time import time_text, utc_day
from tickwright.core.units import Nanos


def utc_text(ts: Nanos) -> str:
    """A moment in ISO 8601, as `2023-12-25T14:30:00.000000001Z`; a fraction of zero is left out."""
    return f"{utc_day(ts).isoformat()}T{time_text(ts, 'Z').removesuffix('.000000000')}Z"
