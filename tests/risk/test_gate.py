"""The gate: each limit at, one below and one above; exactness; and that what passes can never exceed the parent."""

import random
from dataclasses import replace
from fractions import Fraction

import numba
import numpy as np
import pytest

from tickwright.core.errors import ConfigError
from tickwright.core.layout import to_rows
from tickwright.core.records import Command, CommandKind, OrderType, Refusal, Verdict
from tickwright.risk import gate
from tickwright.risk.gate import GATE_LIMITS, GateLimits
from tickwright.risk.verdicts import ParentExposure, explain, judge, kill, release

HALF_TICK = 5_000_000
"""Half a cent of one share in billionths of a dollar."""
MID2 = 20_000
"""A mid of 10 000 ticks."""
WHOLE = ParentExposure(quantity=1_000)
NEW, CANCEL, REPLACE = (int(kind) for kind in CommandKind)


def command(size=100, price=10_000, side=1, kind=NEW, order_type=OrderType.LIMIT):
    return Command(
        command_id=42, order_id=1, parent=1, instrument=0, kind=kind, order_type=int(order_type), tif=1, post_only=0,
        side=side, price=price, size=size, ts_decided=0, ts_sent=0, ts_arrives=0,
    )  # fmt: skip


def verdict(limits, asked, parent=WHOLE, mid2=MID2):
    answer = judge(limits, asked, parent, mid2, HALF_TICK, ts=9)
    assert (answer.command_id, answer.ts) == (42, 9)
    return Refusal(answer.code), answer.observed, answer.limit


PASS = (Refusal.NONE, 0, 0)


def test_order_size():
    limits = GateLimits(max_order_size=100)
    assert verdict(limits, command(99)) == PASS
    assert verdict(limits, command(100)) == PASS
    assert verdict(limits, command(101)) == (Refusal.SIZE, 101, 100)
    assert verdict(limits, command(0)) == (Refusal.SIZE, 0, 1)
    assert verdict(limits, command(-5)) == (Refusal.SIZE, -5, 1)


def test_order_value():
    """100 shares at 100 dollars are 10 000 dollars."""
    value = 10_000 * 10**9
    assert verdict(GateLimits(max_order_value=value + 1), command()) == PASS
    assert verdict(GateLimits(max_order_value=value), command()) == PASS
    assert verdict(GateLimits(max_order_value=value - 1), command()) == (Refusal.VALUE, value, value - 1)


def test_collar_on_the_harmful_side_alone():
    """100 parts per million of 10 000 ticks are one tick."""
    limits = GateLimits(collar_ppm=100)
    assert verdict(limits, command(price=10_001)) == PASS
    assert verdict(limits, command(price=10_002)) == (Refusal.COLLAR, 200, 100)
    assert verdict(limits, command(price=9_000)) == PASS
    assert verdict(limits, command(price=9_999, side=-1)) == PASS
    assert verdict(limits, command(price=9_998, side=-1)) == (Refusal.COLLAR, 200, 100)
    assert verdict(limits, command(price=11_000, side=-1)) == PASS
    # Half a tick more than the collar at an odd mid: 1.5 ticks of 9999.5 are 150.0075 millionths, shown as 151.
    assert verdict(limits, command(price=10_001), mid2=MID2 - 1) == (Refusal.COLLAR, 151, 100)


def test_without_a_quote_there_is_nothing_to_hold_a_price_to():
    assert verdict(GateLimits(collar_ppm=100), command(), mid2=None) == (Refusal.NO_REFERENCE, 0, 1)
    assert verdict(GateLimits(), command(order_type=OrderType.MARKET), mid2=None) == (Refusal.NO_REFERENCE, 0, 1)
    assert verdict(GateLimits(), command(), mid2=None) == PASS


def test_the_limit_price_of_the_parent():
    buy, sell = replace(WHOLE, limit=10_000), replace(WHOLE, limit=9_995)
    assert verdict(GateLimits(), command(price=9_999), buy) == PASS
    assert verdict(GateLimits(), command(price=10_000), buy) == PASS
    assert verdict(GateLimits(), command(price=10_001), buy) == (Refusal.LIMIT_PRICE, 10_001, 10_000)
    assert verdict(GateLimits(), command(price=9_995, side=-1), sell) == PASS
    assert verdict(GateLimits(), command(price=9_994, side=-1), sell) == (Refusal.LIMIT_PRICE, 9_994, 9_995)
    market = command(order_type=OrderType.MARKET)
    assert verdict(GateLimits(), market, buy) == PASS
    assert verdict(GateLimits(), market, buy, mid2=MID2 + 1) == (Refusal.LIMIT_PRICE, 10_001, 10_000)


def test_the_share_of_one_child():
    """A tenth of 1 000 lots."""
    limits = GateLimits(max_parent_share_ppm=100_000)
    assert verdict(limits, command(99)) == PASS
    assert verdict(limits, command(100)) == PASS
    assert verdict(limits, command(101)) == (Refusal.CHILD_SHARE, 101, 100)


def test_the_parent_is_never_exceeded():
    worked = ParentExposure(quantity=1_000, filled=600, open_elsewhere=250)
    assert verdict(GateLimits(), command(149), worked) == PASS
    assert verdict(GateLimits(), command(150), worked) == PASS
    assert verdict(GateLimits(), command(151), worked) == (Refusal.PARENT_SHARE, 1_001, 1_000)


def test_a_replace_counts_what_it_adds_to_the_filled():
    """The child's total of 300 has 200 filled already, which the parent's 600 include: 100 are new."""
    worked = ParentExposure(quantity=1_000, filled=600, open_elsewhere=300, child_filled=200)
    assert verdict(GateLimits(), command(300, kind=REPLACE), worked) == PASS
    assert verdict(GateLimits(), command(301, kind=REPLACE), worked) == (Refusal.PARENT_SHARE, 1_001, 1_000)


def test_the_kill_switch_lets_cancels_alone_pass():
    killed = kill(GateLimits())
    assert verdict(killed, command()) == (Refusal.KILLED, 1, 0)
    assert verdict(killed, command(kind=REPLACE)) == (Refusal.KILLED, 1, 0)
    assert verdict(killed, command(kind=CANCEL)) == PASS
    assert release(killed) == GateLimits()


def test_a_cancel_passes_whatever_the_limits():
    strict = GateLimits(max_order_size=1, max_order_value=1, collar_ppm=1, max_parent_share_ppm=1, killed=1)
    assert verdict(strict, command(10**6, price=99_999, kind=CANCEL), mid2=None) == PASS


@pytest.mark.parametrize("name", ["max_order_size", "max_order_value", "collar_ppm", "max_parent_share_ppm", "killed"])
def test_limits_out_of_range_are_refused(name):
    with pytest.raises(ConfigError, match=name):
        GateLimits(**{name: -1})


def exact(limits, asked, parent, mid2):
    """The first control that a command breaks, by exact fractions: an obvious twin of the gate."""
    if asked.kind == CANCEL:
        return Refusal.NONE
    if limits.killed:
        return Refusal.KILLED
    if asked.size <= 0 or (limits.max_order_size and asked.size > limits.max_order_size):
        return Refusal.SIZE
    market = asked.order_type == OrderType.MARKET
    if mid2 is None and (market or limits.collar_ppm):
        return Refusal.NO_REFERENCE
    price = Fraction(mid2, 2) if market else Fraction(asked.price)
    if limits.max_order_value and abs(price) * 2 * HALF_TICK * asked.size > limits.max_order_value:
        return Refusal.VALUE
    if limits.collar_ppm:
        mid = Fraction(mid2, 2)
        if asked.side * (price - mid) > abs(mid) * Fraction(limits.collar_ppm, 10**6):
            return Refusal.COLLAR
    if parent.limit is not None and asked.side * (price - parent.limit) > 0:
        return Refusal.LIMIT_PRICE
    share = Fraction(limits.max_parent_share_ppm, 10**6)
    if limits.max_parent_share_ppm and asked.size > share * parent.quantity:
        return Refusal.CHILD_SHARE
    if parent.filled + parent.open_elsewhere + asked.size > parent.quantity:
        return Refusal.PARENT_SHARE
    return Refusal.NONE


@numba.njit
def compiled_check(limits, a, answer):
    answer[0], answer[1], answer[2] = gate.check(
        limits[0], a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12]
    )


def random_case(rng):
    limits = GateLimits(
        max_order_size=rng.choice((0, 50, 400)),
        max_order_value=rng.choice((0, 10**13, 3 * 10**12, 10**18)),
        collar_ppm=rng.choice((0, 1, 100, 5_000)),
        max_parent_share_ppm=rng.choice((0, 333_333, 100_000)),
        killed=int(rng.random() < 0.05),
    )
    asked = command(
        size=rng.choice((0, 1, 50, 51, 333, 334, 1_000, 10**7)),
        price=10_000 + rng.randrange(-60, 60),
        side=rng.choice((1, -1)),
        kind=rng.choice((NEW, NEW, CANCEL)),
        order_type=rng.choice((OrderType.LIMIT, OrderType.LIMIT, OrderType.MARKET)),
    )
    parent = ParentExposure(
        quantity=rng.choice((1, 1_000, 1_001)),
        filled=rng.randrange(300),
        open_elsewhere=rng.randrange(300),
        limit=rng.choice((None, 9_990, 10_010)),
    )
    return limits, asked, parent, rng.choice((None, MID2, MID2 + 1, MID2 - 37))


def test_the_gate_against_exact_fractions_and_compiled():
    """Invariant: the integer gate, as Python and compiled, refuses just what exact arithmetic refuses."""
    rng, seen = random.Random(11), set()
    for case in range(4_000):
        limits, asked, parent, mid2 = random_case(rng)
        code, observed, limit = verdict(limits, asked, parent, mid2)
        assert code == exact(limits, asked, parent, mid2), f"case {case}: {limits} {asked} {parent} {mid2}"
        arguments = np.array(
            [
                asked.kind, asked.order_type, asked.side, asked.price, asked.size, mid2 or 0, mid2 is not None,
                parent.quantity, parent.filled, parent.open_elsewhere, parent.limit is not None, parent.limit or 0,
                HALF_TICK,
            ],
            np.int64,
        )  # fmt: skip
        answer = np.zeros(3, np.int64)
        compiled_check(to_rows(GateLimits, [limits]), arguments, answer)
        assert tuple(answer.tolist()) == (code, observed, limit), f"case {case}"
        seen.add(code)
    assert seen == set(Refusal) - {Refusal.FACTOR_MISSING, Refusal.FACTOR_STATUS, Refusal.FACTOR_STALE}


def test_a_value_beyond_64_bits_is_refused_and_shown_as_the_largest_integer():
    largest = 2**63 - 1
    asked = command(size=10**12, price=10**6)
    assert verdict(GateLimits(max_order_value=largest), asked, ParentExposure(10**13)) == (
        Refusal.VALUE,
        largest,
        largest,
    )


def test_no_sequence_of_passed_commands_exceeds_the_parent():
    """Invariant: new orders, replaces, fills and cancels in any order, only those sent that pass: never overfilled."""
    for seed in range(100):
        rng = random.Random(seed)
        quantity, filled, children = rng.randrange(1, 500), 0, {}
        for serial in range(200):
            other = rng.choice(list(children)) if children and rng.random() < 0.5 else None
            elsewhere = sum(lots for order, lots in children.items() if order != other)
            size = rng.randrange(1, 300)
            parent = ParentExposure(quantity, filled, elsewhere)
            kind = NEW if other is None else REPLACE
            if verdict(GateLimits(), command(size, kind=kind), parent)[0] == Refusal.NONE:
                children[serial if other is None else other] = size
            for order in list(children):
                lots = rng.randint(0, children[order]) if rng.random() < 0.3 else 0
                filled, children[order] = filled + lots, children[order] - lots
                if children[order] == 0 or rng.random() < 0.1:
                    del children[order]
            assert filled + sum(children.values()) <= quantity, f"seed {seed}"


def test_the_layout_of_the_limits():
    assert GATE_LIMITS.itemsize == 40
    assert GATE_LIMITS.names == (
        "max_order_size", "max_order_value", "collar_ppm", "max_parent_share_ppm", "killed",
    )  # fmt: skip


@pytest.mark.parametrize("code", sorted(set(Refusal) - {Refusal.FACTOR_STATUS}))
def test_every_verdict_in_words(code):
    sentence = explain(Verdict(1, int(code), 12_345_678_901, 777, 0))
    assert sentence
    if code in (Refusal.SIZE, Refusal.COLLAR, Refusal.CHILD_SHARE, Refusal.PARENT_SHARE, Refusal.LIMIT_PRICE):
        assert "12345678901" in sentence
        assert "777" in sentence
    if code == Refusal.VALUE:
        assert sentence == "the order is worth 12.345678901, 0.000000777 are allowed"
