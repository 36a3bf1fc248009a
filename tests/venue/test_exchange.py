"""Who trades with whom: cases that a trader can read. Bids are B, asks A, prices in ticks, times in ns."""

import math

import numpy as np
import pytest
from harness import Exchange, add, cancel, event, execute

from tickwright.core.events import Flag
from tickwright.core.units import SECOND
from tickwright.venue.sim.latency import Latency
from tickwright.venue.sim.profile import TransientImpact

# bid 100 × 50, ask 102 × 40, ask 103 × 70
BOOK = [add(1, 1, "B", 100, 50), add(2, 2, "A", 102, 40), add(3, 3, "A", 103, 70)]


def trades(exchange):
    return [(f.order, f.price, f.size, f.maker) for f in exchange.fills]


def kinds(exchange):
    return [r.kind for r in exchange.reports]


def test_market_order_takes_level_after_level():
    x = Exchange(BOOK)
    x.send(10, 1, +1, 0, 60, market=True)
    assert trades(x.run()) == [(1, 102, 40, False), (1, 103, 20, False)]
    assert kinds(x) == ["ACKNOWLEDGED", "PARTIALLY_FILLED", "FILLED"]


def test_market_order_larger_than_the_book_expires_with_the_rest():
    x = Exchange(BOOK)
    x.send(10, 1, +1, 0, 200, market=True)
    assert sum(size for _, _, size, _ in trades(x.run())) == 110
    assert kinds(x)[-1] == "EXPIRED"


def test_ioc_stops_at_its_limit_and_expires():
    x = Exchange(BOOK)
    x.send(10, 1, +1, 102, 60, tif="ioc")
    assert trades(x.run()) == [(1, 102, 40, False)]
    assert kinds(x)[-1] == "EXPIRED"


@pytest.mark.parametrize(("size", "filled"), [(110, 110), (111, 0)])
def test_fok_is_all_or_nothing(size, filled):
    x = Exchange(BOOK)
    x.send(10, 1, +1, 103, size, tif="fok")
    assert sum(s for _, _, s, _ in trades(x.run())) == filled


def test_limit_takes_what_is_marketable_and_rests_with_the_remainder():
    x = Exchange(BOOK)
    x.send(10, 1, +1, 102, 60)
    assert trades(x.run()) == [(1, 102, 40, False)]
    assert x.owns["active"][1] == 1


@pytest.mark.parametrize(("price", "answer"), [(101, "ACKNOWLEDGED"), (102, "REJECTED"), (103, "REJECTED")])
def test_post_only_never_takes(price, answer):
    x = Exchange(BOOK)
    x.send(10, 1, +1, price, 5, post_only=True)
    assert kinds(x.run()) == [answer]
    assert trades(x) == []


def test_our_order_joins_the_back_and_moves_up_by_what_leaves_ahead_only():
    x = Exchange([*BOOK, add(20, 4, "B", 100, 30), cancel(30, 4, "B", 100, 30), cancel(40, 1, "B", 100, 20)])
    x.send(10, 1, +1, 100, 5)
    assert x.run(15).ahead(1) == 50
    assert x.run(35).ahead(1) == 50, "order 4 came after us"
    assert x.run(45).ahead(1) == 30


def test_no_fill_before_the_queue_ahead_is_gone():
    flow = [*BOOK, add(20, 4, "B", 100, 30), execute(30, 1, "B", 100, 50), execute(31, 4, "B", 100, 3)]
    x = Exchange(flow)
    x.send(10, 1, +1, 100, 5)
    assert trades(x.run(30)) == []
    # Three lots hit an order behind us: they would have met us first, and no more than three.
    assert trades(x.run()) == [(1, 100, 3, True)]


def test_an_execution_out_of_turn_behind_us_reaches_us_first():
    # Venues have other rules than first come first served for a few orders; what is hit behind us would have met us.
    x = Exchange([*BOOK, add(20, 4, "B", 100, 30), execute(30, 4, "B", 100, 8)])
    x.send(10, 1, +1, 100, 5)
    assert trades(x.run()) == [(1, 100, 5, True)]


def test_a_trade_through_our_price_fills_us_first():
    x = Exchange([*BOOK, execute(30, 1, "B", 100, 8)])
    x.send(10, 1, +1, 101, 5)
    assert trades(x.run()) == [(1, 101, 5, True)]


def test_two_orders_of_ours_share_a_trade_by_price_then_time():
    x = Exchange([*BOOK, execute(30, 1, "B", 100, 8)])
    x.send(10, 1, +1, 100, 5)  # behind 50
    x.send(11, 2, +1, 101, 4)
    x.send(12, 3, +1, 101, 9)
    assert trades(x.run()) == [(2, 101, 4, True), (3, 101, 4, True)]


def test_replace_to_a_smaller_size_keeps_the_place():
    x = Exchange([*BOOK, add(20, 4, "B", 100, 30), execute(40, 1, "B", 100, 50), execute(41, 4, "B", 100, 30)])
    x.send(10, 1, +1, 100, 9)
    x.send(25, 1, +1, 100, 5, kind="replace")
    assert trades(x.run()) == [(1, 100, 5, True)]


@pytest.mark.parametrize("size", [9, 5], ids=["larger", "other price and back"])
def test_replace_that_grows_or_moves_goes_to_the_back(size):
    x = Exchange([*BOOK, add(20, 4, "B", 100, 30), execute(40, 1, "B", 100, 50), execute(41, 4, "B", 100, 30)])
    x.send(10, 1, +1, 100, 5)
    if size == 5:
        x.send(24, 1, +1, 99, 5, kind="replace")
    x.send(25, 1, +1, 100, size, kind="replace")
    assert x.run(30).ahead(1) == 80
    assert trades(x.run()) == []


def test_a_fill_that_crosses_a_replace_on_the_wire_cannot_overfill():
    x = Exchange([*BOOK, execute(30, 1, "B", 100, 50), add(31, 5, "B", 100, 9), execute(32, 5, "B", 100, 4)])
    x.send(10, 1, +1, 100, 6)
    # Sent for 6 in all while 4 are already done at the exchange: 2 stay open.
    x.send(33, 1, +1, 101, 6, kind="replace")
    x.run()
    assert x.owns["filled"][1] == 4
    assert x.owns["quantity"][1] - x.owns["filled"][1] == 2


def test_a_replace_down_to_what_is_done_already_ends_the_order():
    x = Exchange([*BOOK, execute(30, 1, "B", 100, 50), add(31, 5, "B", 100, 9), execute(32, 5, "B", 100, 4)])
    x.send(10, 1, +1, 100, 6)
    x.send(33, 1, +1, 101, 4, kind="replace")
    assert kinds(x.run())[-1] == "CANCELLED"
    assert x.owns["active"][1] == 0
    assert x.owns["filled"][1] == 4


def test_cancel_of_an_order_that_is_gone_is_refused():
    x = Exchange(BOOK)
    x.send(10, 1, +1, 102, 5, tif="ioc")
    x.send(11, 1, +1, 0, 0, kind="cancel")
    assert kinds(x.run())[-1] == "CANCEL_REJECTED"


def test_hidden_execution_between_the_touches_does_not_reach_a_worse_order():
    x = Exchange([*BOOK, event(30, "P", 0, "A", 101, 7, subtick=0)])
    x.send(10, 1, +1, 100, 5)
    assert trades(x.run()) == []


@pytest.mark.parametrize(("subtick", "filled"), [(0, 5), (5000, 0)])
def test_displayed_goes_before_hidden_at_one_price_but_not_at_a_better(subtick, filled):
    # A seller hits a hidden buyer at 101 or at 101½ while our displayed bid stands at 101.
    x = Exchange([*BOOK, event(30, "P", 0, "A", 101, 7, subtick=subtick)])
    x.send(10, 1, +1, 101, 5)
    assert sum(s for _, _, s, _ in trades(x.run())) == filled


def test_a_recorded_order_that_crosses_ours_fills_ours_at_our_price():
    # A seller comes at 101, where we bid: in the recording he rests, here he met us.
    x = Exchange([*BOOK, add(30, 6, "A", 101, 3)])
    x.send(10, 1, +1, 101, 5)
    assert trades(x.run()) == [(1, 101, 3, True)]


def test_in_a_halt_nothing_trades_and_orders_are_refused():
    flow = [*BOOK, event(20, "H", 0, "N", 0, 0), execute(30, 1, "B", 100, 50), add(31, 9, "A", 99, 5)]
    x = Exchange([*flow, event(40, "H", 0, "N", 0, 2)])
    x.send(10, 1, +1, 101, 5)
    x.send(35, 2, +1, 100, 5)
    x.send(50, 3, +1, 98, 5)
    assert trades(x.run(39)) == []
    # When trading resumes, the seller who came below our bid meets it.
    assert trades(x.run()) == [(1, 101, 5, True)]
    assert [r.kind for r in x.reports if r.order != 1] == ["REJECTED", "ACKNOWLEDGED"]


def test_while_the_venue_only_quotes_orders_rest_and_do_not_take():
    x = Exchange([*BOOK, event(20, "H", 0, "N", 0, 0), event(30, "H", 0, "N", 0, 1), event(60, "H", 0, "N", 0, 2)])
    x.send(40, 1, +1, 102, 5, tif="ioc")
    x.send(41, 2, +1, 102, 5)
    assert trades(x.run(59)) == []
    assert [r.kind for r in x.reports] == ["REJECTED", "ACKNOWLEDGED"]
    assert [t[:3] for t in trades(x.run())] == [(2, 102, 5)]


@pytest.mark.parametrize(
    ("half_life", "wait", "found"), [(None, 100 * SECOND, 0), (0, 1, 40), (10 * SECOND, 10 * SECOND, 20)]
)
def test_what_we_took_comes_back_by_half_lives(half_life, wait, found):
    x = Exchange([*BOOK, add(10**15, 9, "B", 90, 1)], half_life=half_life)
    x.send(10, 1, +1, 102, 40, tif="ioc")
    x.send(10 + wait, 2, +1, 102, 40, tif="ioc")
    x.run()
    assert sum(s for o, _, s, _ in trades(x) if o == 2) == found


def test_what_we_took_is_forgotten_when_the_level_goes():
    x = Exchange([*BOOK, cancel(20, 2, "A", 102, 40), add(30, 7, "A", 102, 25)])
    x.send(10, 1, +1, 102, 40, tif="ioc")
    x.send(25, 3, +1, 103, 1, tif="ioc")
    x.send(40, 2, +1, 102, 40, tif="ioc")
    x.run()
    assert sum(s for o, _, s, _ in trades(x) if o == 2) == 25


def test_a_level_that_is_only_rewritten_is_not_forgotten():
    # A modify that loses priority leaves and joins within one packet.
    x = Exchange([*BOOK, event(20, "M", 2, "A", 102, 41)])
    x.send(10, 1, +1, 102, 40, tif="ioc")
    x.send(30, 2, +1, 102, 40, tif="ioc")
    x.run()
    assert sum(s for o, _, s, _ in trades(x) if o == 2) == 1


def synthetic(row):
    row["flags"] = Flag.SYNTHETIC
    return row


def out_of_view(ts, orders):
    """A level of three orders is pruned from a windowed feed and comes back as it was."""
    gone = [synthetic(cancel(ts, i, "B", 100, size)) for i, size in orders]
    back = [synthetic(add(ts + 5, i, "B", 100, size)) for i, size in orders]
    return [*gone, add(ts + 1, 90 + ts, "B", 90, 1), *back, add(ts + 6, 91 + ts, "B", 90, 1)]


def test_a_queue_that_leaves_the_window_and_returns_is_as_long_as_before():
    queue = [add(1, i, "B", 100, 100) for i in (1, 2, 3)]
    flow = [
        *queue,
        add(4, 9, "A", 102, 10),
        *out_of_view(20, [(1, 100), (2, 100), (3, 100)]),
        execute(40, 1, "B", 100, 100),
    ]
    x = Exchange([*flow, execute(41, 2, "B", 100, 50)])
    x.send(10, 5, +1, 100, 7)
    assert x.run(30).ahead(5) == 300
    assert x.run(40).ahead(5) == 200
    assert trades(x.run()) == []
    assert x.ahead(5) == 150


def test_an_order_that_stood_behind_us_stands_behind_us_when_it_returns():
    flow = [add(1, 1, "B", 100, 100), add(2, 9, "A", 102, 10), add(15, 2, "B", 100, 100)]
    x = Exchange([*flow, *out_of_view(20, [(1, 100), (2, 100)]), cancel(40, 2, "B", 100, 100)])
    x.send(10, 5, +1, 100, 7)
    assert x.run().ahead(5) == 100


def test_an_order_posted_where_nothing_is_displayed_joins_behind_what_comes_into_view():
    flow = [add(1, 1, "B", 101, 10), add(2, 9, "A", 102, 10)]
    x = Exchange([*flow, synthetic(add(20, 7, "B", 95, 500)), add(21, 8, "B", 101, 1), execute(30, 7, "B", 95, 10)])
    x.send(10, 5, +1, 95, 7)
    assert trades(x.run()) == []
    assert x.ahead(5) == 490


def test_a_late_cancel_of_an_old_order_leaves_the_new_one_of_its_handle_alone():
    x = Exchange(BOOK)
    x.send(10, 1, +1, 100, 5)
    x.send(11, 1 + 256, -1, 0, 0, kind="cancel")
    x.run()
    assert x.owns["active"][1] == 1
    assert [(r.order, r.kind) for r in x.reports] == [(1, "ACKNOWLEDGED"), (257, "CANCEL_REJECTED")]


def test_transient_impact_raises_what_the_next_take_pays_and_decays():
    law = TransientImpact(ticks_per_lot=0.1, decay=SECOND)
    x = Exchange(BOOK, half_life=0, impact=law)
    x.send(10, 1, +1, 0, 40, market=True)  # displaces by 4 ticks
    x.send(11, 2, +1, 0, 1, market=True)  # 4.0 ticks, less a nanosecond's decay: 3
    x.send(10 + 2 * SECOND, 3, +1, 0, 1, market=True)  # 4.1 e⁻² = 0.55: 0
    x.run()
    assert [p for _, p, _, _ in trades(x)] == [102, 105, 102]


def test_a_displaced_market_makes_our_resting_order_queue_where_it_then_stands():
    law = TransientImpact(ticks_per_lot=0.1, decay=1000 * SECOND)
    x = Exchange([*BOOK, add(8, 4, "B", 99, 7), execute(50, 1, "B", 100, 50)], impact=law)
    x.send(10, 1, +1, 100, 5)
    x.send(20, 2, +1, 0, 15, market=True)  # the market moves up by one tick: our bid now stands on the level of 99
    x.run(49)
    x.run()
    assert x.ahead(1) == 7
    assert [t for t in trades(x) if t[0] == 1] == [], "the trade at recorded 100 is a trade at 101 now"


def test_latency_delivers_in_order():
    law = Latency(entry=(1, 1000), response=(5,))
    x = Exchange(BOOK, latency=law)
    arrivals = [x.send(ts, ts, +1, 90, 1) for ts in range(10, 60)]
    assert arrivals == sorted(arrivals)
    delays = {a - ts for ts, a in zip(range(10, 60), arrivals, strict=True)}
    assert max(delays) <= 1000
    assert min(delays) >= 1


def test_latency_draws_depend_on_the_moment_not_on_the_draws_before():
    law = Latency(entry=tuple(range(0, 10**6, 1000)), response=(5,))
    moments = np.arange(1, 40) * 10**7  # far apart, so that nothing queues
    alone = [Exchange(BOOK, latency=law).send(int(t), 1, +1, 90, 1) for t in moments]
    x = Exchange(BOOK, latency=law)
    assert [x.send(int(t), 1, +1, 90, 1) for t in moments] == alone
    assert len(set(alone)) > 30


def test_recorded_book_is_the_same_with_and_without_our_orders():
    # Invariant: no order of ours, of any size, changes one byte of the recorded book.
    flow = [*BOOK, add(20, 4, "B", 100, 30), execute(40, 1, "B", 100, 50), execute(41, 4, "B", 100, 30)]
    without = Exchange(flow).run()
    for size in (0, 1, 500):
        with_order = Exchange(flow)
        with_order.send(10, 1, +1, 103, size)
        with_order.send(30, 2, -1, 99, size)
        assert with_order.run().book.tobytes() == without.book.tobytes()
        if size == 0:
            assert with_order.fills == []
            assert math.isclose(with_order.sims["displacement"][0], 0.0)
