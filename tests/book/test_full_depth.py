"""Full-depth feeds: what verify_full counts, by hand and on a recorded day of E-mini S&P 500 futures."""

from decimal import Decimal

import numpy as np
from book_twin import to_events

from tickwright.book.verify import verify_full
from tickwright.core.instrument import Instrument
from tickwright.data.databento.mbo import DbnReader


def test_crossed_and_locked_states_are_counted_at_ends_of_events():
    events = to_events([
        ("A", 1, "B", 100, 5), ("A", 2, "A", 100, 5), ("A", 3, "B", 101, 1), ("C", 3, "B", 101, 1), ("C", 9, "B", 1, 1),
        ("C", 2, "A", 100, 5),
    ])  # fmt: skip
    events["flags"][3] = 0  # locked again, in the middle of an event
    found = verify_full(events)
    assert (found.states, found.crossed, found.locked) == (5, 1, 2)
    assert (found.final_bid, found.final_ask, found.tape.unknown) == (100, None, 1)


def test_recorded_futures_day(shared_data):
    """ES market by order, 25 December 2023: a snapshot, the pre-open auction with crossed states, then trading."""
    file = shared_data / "databento" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
    es = Instrument("ESH4", "XCME", "USD", Decimal("0.25"), multiplier=Decimal(50))
    events = np.concatenate([part for _, part in DbnReader(file, lambda _: es).chunks()])
    found = verify_full(events)
    assert (found.tape.unknown, found.tape.over_reduced, found.tape.duplicates) == (0, 0, 0)
    assert es.to_price(found.final_bid) == Decimal("4810.00")
    assert es.to_price(found.final_ask) == Decimal("4810.25")
    assert found.crossed > 0
    # Seven fills of the opening auction name orders that were never displayed; 28 fills are of icebergs.
    assert (found.tape.unseen_fills, found.tape.large_fills) == (7, 28)
