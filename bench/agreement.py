"""Do both engines fill the same orders? Two programs, one law of queues: each is the other's oracle.

They differ where a trade goes through an order (see the notes of `__main__`), so the flow here has deep queues and
small market orders, which never leave a level.
"""

from __future__ import annotations

from typing import Any

from bench import ours, reference
from bench.flow import FlowLaw, generate, to_reference


def law(rows: int) -> FlowLaw:
    """Few levels near the touch hold nearly all orders."""
    return FlowLaw(rows=rows, orders=4_000, near=0.9, near_mean=2.0, hurry=1, size_mean=2.0)


def run(rows: int) -> dict[str, Any]:
    """Fills of the quoting strategy in both engines, and how many agree in exchange time, side and price."""
    events, facts = generate(law(rows))
    theirs, own = reference.fills(to_reference(events)), ours.fills(events)
    return {
        "rows": facts.rows, "mean_touch_queue": facts.mean_touch_queue, "reference": len(theirs), "ours": len(own),
        "common": len(set(theirs) & set(own)),
    }  # fmt: skip
