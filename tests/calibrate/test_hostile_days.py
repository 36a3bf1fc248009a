"""Damaged events: whatever a day holds, the pass ends, with finite facts or a named error."""

from __future__ import annotations

import numpy as np
import pytest
from make_days import OPEN, dressed, small_day

from tickwright.calibrate.day import PassSettings, sums_of
from tickwright.calibrate.facts import facts_of
from tickwright.core.errors import BookError, TickwrightError
from tickwright.core.events import MARKET_EVENT, Action
from tickwright.core.units import SECOND

SETTINGS = PassSettings(OPEN, OPEN + 60 * SECOND, blocks=6)


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bits_end_in_facts_or_a_named_error(seed: int) -> None:
    # Any bytes in the place of events: no hang, no other exception, and every value that is called known is finite.
    rng = np.random.default_rng(seed)
    events = dressed(small_day(1, 60), 2)
    raw = events.view(np.uint8).reshape(len(events), MARKET_EVENT.itemsize).copy()
    for _ in range(rng.integers(1, 60)):
        raw[rng.integers(len(raw)), rng.integers(raw.shape[1])] ^= 1 << rng.integers(8)
    hurt = raw.reshape(-1).view(MARKET_EVENT)
    hurt["instrument_id"] = events["instrument_id"]
    try:
        facts = facts_of(sums_of(np.array_split(hurt, 3), SETTINGS))
    except TickwrightError:
        return
    for name, fact in facts.facts.items():
        value, known = fact.value()
        assert np.isfinite(value[known]).all(), name


@pytest.mark.parametrize("keep", [0, 1, 2, 5, 50, 500])
def test_a_day_cut_short_is_measured_if_it_holds_a_trade(keep: int) -> None:
    events = small_day(1, 60)[:keep]
    if np.any(events["action"] == Action.EXECUTE):
        facts = facts_of(sums_of([events], SETTINGS))
        assert facts.day.seconds == pytest.approx(60)
    else:
        with pytest.raises(BookError, match="no market order"):
            sums_of([events], SETTINGS)
