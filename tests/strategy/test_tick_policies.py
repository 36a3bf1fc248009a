"""Placement, case by case, as a trader would check it. A buy of 10 lots in a quote of 9990 to 9994 unless said."""

from dataclasses import replace

from tick_worlds import CALM, T0

from tickwright.core.records import Intent, IntentKind
from tickwright.core.units import MILLISECOND, SECOND
from tickwright.strategy.tick import imbalance, mid_peg, post_then_cross, requote, take
from tickwright.strategy.tick.imbalance import Imbalance
from tickwright.strategy.tick.mid_peg import MidPeg
from tickwright.strategy.tick.post_then_cross import PostThenCross
from tickwright.strategy.tick.requote import Requote
from tickwright.strategy.tick.take import Take
from tickwright.strategy.tick.uncompiled import uncompiled

KEEP, REST, TAKE, PULL = IntentKind.KEEP, IntentKind.REST, IntentKind.TAKE, IntentKind.PULL
DEADLINE = CALM.deadline


class Trader:
    """A tick policy with its memory."""

    def __init__(self, module, options):
        self.decide, self.params, self.memory = uncompiled(module.decide), options.pack(), [0] * 8

    def sees(self, obs, **changes):
        return self.decide(self.params, self.memory, replace(obs, **changes))


def resting(price, size=10, **changes):
    return replace(CALM, live=1, live_price=price, live_size=size, live_since=T0, **changes)


# ── take ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_take_reaches_one_spread_beyond_the_ask_by_default():
    assert Trader(take, Take()).sees(CALM) == Intent(TAKE, 9_998, 10, 0, T0 + SECOND)


def test_take_crosses_at_the_ask_and_waits_before_the_next():
    trader = Trader(take, Take(through=0.0, retry=SECOND))
    assert trader.sees(CALM) == Intent(TAKE, 9_994, 10, 0, T0 + SECOND)
    assert trader.sees(CALM, now=T0 + SECOND // 2, remaining=4).kind == KEEP
    assert trader.sees(CALM, now=T0 + SECOND, remaining=4) == Intent(TAKE, 9_994, 4, 0, T0 + 2 * SECOND)


def test_take_goes_through_the_ask_but_not_past_the_limit():
    assert Trader(take, Take(through=0.75)).sees(CALM).price == 9_997
    assert Trader(take, Take(through=0.75)).sees(CALM, limited=1, limit=9_995).price == 9_995


def test_take_waits_while_the_ask_is_beyond_the_limit():
    intent = Trader(take, Take()).sees(CALM, limited=1, limit=9_993)
    assert (intent.kind, intent.wake) == (KEEP, T0 + SECOND)


def test_take_begins_at_once_on_a_new_mandate():
    trader = Trader(take, Take(retry=10 * SECOND))
    trader.sees(CALM)
    later = T0 + SECOND
    assert trader.sees(CALM, now=later, start=later).kind == TAKE


def test_take_of_a_sell_hits_the_bid():
    assert Trader(take, Take(through=0.25)).sees(CALM, side=-1) == Intent(TAKE, 9_989, 10, 0, T0 + SECOND)


# ── what holds for all, shown on one ─────────────────────────────────────────────────────────────────────────────


def test_nothing_is_placed_without_a_quote_or_before_the_start():
    trader = Trader(post_then_cross, PostThenCross())
    assert trader.sees(CALM, quoted=0, bid=0, ask=0).kind == KEEP
    assert trader.sees(CALM, start=T0 + 5 * SECOND) == Intent(KEEP, 0, 0, 0, T0 + 5 * SECOND)


def test_when_all_is_filled_no_child_stands():
    trader = Trader(post_then_cross, PostThenCross())
    assert trader.sees(CALM, remaining=0) == Intent(KEEP, 0, 0, 0, 0)
    assert trader.sees(resting(9_990), remaining=0).kind == PULL


def test_after_a_deadline_the_child_stays_for_the_next_mandate_but_not_after_the_final_one():
    trader = Trader(post_then_cross, PostThenCross())
    assert trader.sees(resting(9_990), now=DEADLINE).kind == KEEP
    assert trader.sees(resting(9_990), now=DEADLINE, final=1).kind == PULL


# ── post, then cross ─────────────────────────────────────────────────────────────────────────────────────────────


def test_post_then_cross_rests_at_the_bid_until_the_lead():
    trader = Trader(post_then_cross, PostThenCross(lead=5 * SECOND))
    assert trader.sees(CALM) == Intent(REST, 9_990, 10, 1, DEADLINE - 5 * SECOND)
    assert trader.sees(resting(9_990)) == Intent(KEEP, 0, 0, 0, DEADLINE - 5 * SECOND)


def test_post_then_cross_follows_the_bid_up_after_its_patience():
    trader = Trader(post_then_cross, PostThenCross(patience=SECOND))
    up = resting(9_990, bid=9_992)
    assert trader.sees(up) == Intent(KEEP, 0, 0, 0, T0 + SECOND)
    assert trader.sees(up, now=T0 + SECOND) == Intent(REST, 9_992, 10, 1, DEADLINE - 5 * SECOND)


def test_post_then_cross_forgets_its_patience_when_the_bid_comes_back():
    trader = Trader(post_then_cross, PostThenCross(patience=SECOND))
    trader.sees(resting(9_990, bid=9_992))
    trader.sees(resting(9_990), now=T0 + SECOND // 2)
    assert trader.sees(resting(9_990, bid=9_992), now=T0 + SECOND).kind == KEEP


def test_post_then_cross_stays_first_in_line_when_others_step_back():
    assert Trader(post_then_cross, PostThenCross(patience=0)).sees(resting(9_990, bid=9_980)).kind == KEEP


def test_post_then_cross_without_follow_never_moves():
    trader = Trader(post_then_cross, PostThenCross(follow=False, patience=0))
    assert trader.sees(resting(9_990, bid=9_992)).kind == KEEP


def test_post_then_cross_takes_the_rest_before_the_deadline():
    trader = Trader(post_then_cross, PostThenCross(lead=5 * SECOND, retry=SECOND, through=0.5))
    now = DEADLINE - 5 * SECOND
    assert trader.sees(resting(9_990), now=now, remaining=7).kind == TAKE
    # The child has been cancelled; now the take is sent, and the next may follow after the retry time.
    assert trader.sees(CALM, now=now + 1, remaining=7) == Intent(TAKE, 9_996, 7, 0, now + 1 + SECOND)
    assert trader.sees(CALM, now=now + 2, remaining=3).kind == KEEP
    assert trader.sees(CALM, now=now + 1 + SECOND, remaining=3).kind == TAKE


def test_post_then_cross_may_cross_at_the_final_deadline_alone():
    trader = Trader(post_then_cross, PostThenCross(cross_each=False))
    assert trader.sees(resting(9_990), now=DEADLINE - SECOND).kind == KEEP
    assert trader.sees(resting(9_990), now=DEADLINE - SECOND, final=1).kind == TAKE


def test_post_then_cross_rests_at_its_limit_when_the_market_is_beyond_it():
    trader = Trader(post_then_cross, PostThenCross())
    limited = replace(CALM, limited=1, limit=9_985)
    assert trader.sees(limited).price == 9_985
    assert trader.sees(limited, now=DEADLINE - SECOND) == Intent(REST, 9_985, 10, 1, DEADLINE - 500 * MILLISECOND)


def test_a_child_is_enlarged_only_when_it_is_less_than_half_of_what_remains():
    trader = Trader(post_then_cross, PostThenCross())
    assert trader.sees(resting(9_990, size=5)).kind == KEEP
    assert trader.sees(resting(9_990, size=4)) == Intent(REST, 9_990, 10, 1, DEADLINE - 5 * SECOND)


def test_a_child_that_is_too_large_is_cut_where_it_stands():
    trader = Trader(post_then_cross, PostThenCross())
    assert trader.sees(resting(9_990, size=12)) == Intent(REST, 9_990, 10, 1, DEADLINE - 5 * SECOND)


# ── mid-peg ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_mid_peg_rounds_to_its_own_side_of_the_mid():
    trader = Trader(mid_peg, MidPeg())
    assert trader.sees(CALM).price == 9_992
    assert trader.sees(CALM, ask=9_993).price == 9_991
    assert trader.sees(CALM, ask=9_993, side=-1).price == 9_992
    assert trader.sees(CALM, ask=9_991).price == 9_990


def test_mid_peg_moves_both_ways_after_its_pause():
    for bid, ask, mid in ((9_992, 9_996, 9_994), (9_986, 9_990, 9_988)):
        trader = Trader(mid_peg, MidPeg(pause=100 * MILLISECOND))
        moved = resting(9_992, bid=bid, ask=ask)
        if ask > 9_992:
            assert trader.sees(moved) == Intent(KEEP, 0, 0, 0, T0 + 100 * MILLISECOND)
        trader.sees(moved)
        assert trader.sees(moved, now=T0 + 100 * MILLISECOND).price == mid


def test_mid_peg_crosses_the_final_mandate_if_asked():
    now = DEADLINE - 5 * SECOND
    assert Trader(mid_peg, MidPeg()).sees(CALM, now=now, final=1) == Intent(
        TAKE, 10_006, 10, 0, now + 500 * MILLISECOND
    )
    assert Trader(mid_peg, MidPeg()).sees(CALM, now=now).kind == REST
    assert Trader(mid_peg, MidPeg(cross_final=False)).sees(CALM, now=now, final=1).kind == REST


# ── re-quote ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_requote_keeps_its_place_until_it_was_away_for_its_patience():
    trader = Trader(requote, Requote(patience=2 * SECOND, hopeless=0.0))
    up = resting(9_990, bid=9_991)
    assert trader.sees(up) == Intent(KEEP, 0, 0, 0, T0 + 2 * SECOND)
    assert trader.sees(up, now=T0 + SECOND).kind == KEEP
    assert trader.sees(up, now=T0 + 2 * SECOND).price == 9_991


def test_requote_steps_ahead_of_a_hopeless_queue_where_the_spread_leaves_room():
    trader = Trader(requote, Requote(hopeless=20.0))
    assert trader.sees(resting(9_990, queue_ahead=200)).kind == KEEP
    assert trader.sees(resting(9_990, queue_ahead=201)) == Intent(REST, 9_991, 10, 1, DEADLINE)
    assert trader.sees(resting(9_991)).kind == KEEP, "one tick ahead it stays"
    assert trader.sees(resting(9_990, queue_ahead=201, ask=9_991)).kind == KEEP, "no room in a spread of one tick"
    assert trader.sees(resting(9_990, queue_ahead=201, limited=1, limit=9_990)).kind == KEEP, "no room below the limit"


def test_requote_at_a_fixed_interval_looks_only_then():
    trader = Trader(requote, Requote(patience=0, hopeless=0.0, interval=100 * MILLISECOND, cross_final=False))
    assert trader.sees(CALM) == Intent(REST, 9_990, 10, 1, T0 + 100 * MILLISECOND)
    up = resting(9_990, bid=9_991)
    assert trader.sees(up, now=T0 + 40 * MILLISECOND) == Intent(KEEP, 0, 0, 0, T0 + 100 * MILLISECOND)
    assert trader.sees(up, now=T0 + 100 * MILLISECOND) == Intent(REST, 9_991, 10, 1, T0 + 200 * MILLISECOND)
    down = resting(9_991, bid=9_985)
    assert trader.sees(down, now=T0 + 200 * MILLISECOND).price == 9_985, "a quoter goes back with the market"


# ── imbalance ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_imbalance_takes_what_is_shown_when_the_bid_is_heavy():
    trader = Trader(imbalance, Imbalance(cross_at=0.7, pause=SECOND))
    heavy = replace(CALM, bid_size=90, ask_size=6)
    assert trader.sees(heavy) == Intent(TAKE, 9_994, 6, 0, T0 + SECOND)
    assert trader.sees(heavy, now=T0 + 1).kind == KEEP
    assert trader.sees(heavy, now=T0 + SECOND, remaining=4).size == 4


def test_imbalance_posts_when_the_ask_is_heavy_and_follows():
    trader = Trader(imbalance, Imbalance(post_below=0.3))
    assert trader.sees(CALM, bid_size=10, ask_size=90) == Intent(REST, 9_990, 10, 1, DEADLINE)
    assert trader.sees(resting(9_990, bid=9_991, bid_size=10, ask_size=90)).price == 9_991


def test_imbalance_in_between_leaves_what_stands_and_posts_nothing_new():
    trader = Trader(imbalance, Imbalance(cross_at=0.7, post_below=0.3))
    between = {"bid_size": 75, "ask_size": 25}
    assert trader.sees(CALM, **between).kind == KEEP
    assert trader.sees(resting(9_990, bid=9_991, **between)).kind == KEEP


def test_imbalance_of_a_sell_is_the_other_way_round():
    trader = Trader(imbalance, Imbalance())
    assert trader.sees(CALM, side=-1, bid_size=6, ask_size=90) == Intent(TAKE, 9_990, 6, 0, T0 + SECOND)


def test_imbalance_may_count_five_levels():
    trader = Trader(imbalance, Imbalance(deep=True))
    assert trader.sees(CALM, bid_depth=900, ask_depth=40).kind == TAKE
