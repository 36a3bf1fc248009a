"""Where a trained policy at work stands: the LEVEL row that its compiled level (`level`) reads and writes."""

from __future__ import annotations

import numpy as np

from tickwright.core.units import SECOND
from tickwright.strategy.learned.container import TrainedPolicy
from tickwright.strategy.learned.layout import PROGRESS, RECALL, SIGHT, TASK
from tickwright.strategy.learned.options import Learned
from tickwright.strategy.learned.venues import MOST, PLACES, action_count, observed_count

PLACE = 7
"""Place in `memory` of the address of the LEVEL row; the first five are those of `strategy.tick.common`."""
NOTHING = -1
"""No wish about what rests."""
NOWHERE = 0
"""No venue is named."""

LEVEL = np.dtype(
    [
        # what is known beforehand, of the instrument and of the policy
        ("spread", "<f8"),  # ticks, typical
        ("depth", "<f8"),  # lots at the best, typical
        ("volatility", "<f8"),  # ticks per square root of a second
        ("rate", "<f8"),  # lots forecast to trade in a second
        ("typical", "<f8"),  # lots of an order
        ("slices", "<f8"),  # of an order, at most
        ("risk", "<f8"),  # lambda in 1/bps
        ("latency", "<f8"),  # ns
        ("fee_edge", "<f8"),  # ticks
        ("reach", "<i8"),  # ticks beyond the touch seen that a cross may go
        ("interval", "<i8"),  # ns
        ("lead", "<i8"),
        ("retry", "<i8"),
        ("through", "<f8"),
        ("cross_final", "<i8"),
        # the network
        ("depths", "<i8"),  # length of the widths
        ("widths", "<i8"),  # addresses
        ("numbers", "<i8"),  # length of the weights
        ("weights", "<i8"),
        ("widest", "<i8"),
        ("scratch", "<i8"),
        # where it stands
        ("task", TASK),
        ("progress", PROGRESS),
        ("sight", SIGHT),
        ("recall", RECALL),
        ("places", PLACES),
        ("paid_before", "<i8"),  # of the parent when the mandate began
        ("made_before", "<i8"),
        ("dark_before", "<i8"),
        ("due", "<i8"),  # ns, the next decision
        ("crossing", "<i8"),  # lots still to take for the last decision, where (as of `Command.venue`), and its limit
        ("crossing_venue", "<i8"),
        ("limit", "<i8"),
        ("rest", "<i8"),  # lots to have at rest after that, the price, and where; NOTHING: no wish
        ("rest_price", "<i8"),
        ("rest_venue", "<i8"),
        ("decisions", "<i8"),
        ("blind", "<i8"),  # of them, on an observation that was not all finite numbers: it kept what it had
        ("action", "<i8"),  # of the last decision, and what it was made on
        ("actions", "<i8"),  # that the policy has, and numbers that it sees
        ("observed", "<i8"),
        ("mask", "u1", (action_count(MOST, True),)),
        ("observation", "<f4", (observed_count(MOST, True),)),
    ]
)


class Trained:
    """A trained policy at work for one order: its LEVEL row, and the arrays that row points to."""

    def __init__(self, policy: TrainedPolicy, options: Learned) -> None:
        self._arrays = policy.network.widths, policy.network.packed(), policy.network.scratch()
        widths, weights, scratch = self._arrays
        self.rows = np.zeros(1, LEVEL)
        row = self.rows
        row["depths"], row["widths"] = len(widths), widths.ctypes.data
        row["numbers"], row["weights"] = len(weights), weights.ctypes.data
        row["widest"], row["scratch"] = scratch.shape[1], scratch.ctypes.data
        row["slices"], row["reach"] = policy.episode.get("slices", 30.0), policy.episode.get("reach", 3)
        row["risk"] = options.risk_aversion or policy.risk_aversion
        row["interval"] = options.interval or max(round(policy.step_seconds * SECOND), 1)
        row["lead"], row["retry"], row["through"] = options.lead, options.retry, options.through
        row["cross_final"], row["rest"] = options.cross_final, NOTHING
        row["actions"], row["observed"] = widths[-1], widths[0]
        row["places"]["venues"], row["places"]["pool"] = policy.venues, policy.pool

    @property
    def memory(self) -> tuple[int, ...]:
        """What the slot's memory begins with."""
        return (0,) * PLACE + (int(self.rows.ctypes.data),)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a report has to say of its decisions."""
        blind, decisions = int(self.rows["blind"][0]), int(self.rows["decisions"][0])
        if not blind:
            return ()
        return (
            f"in {blind:,} of {decisions:,} decisions what the policy saw was not all finite numbers: it left its "
            "order as it was",
        )
