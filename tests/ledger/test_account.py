"""The account against hand-worked trades and a naive Fraction model."""

from decimal import Decimal
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from tickwright.core.errors import DataError
from tickwright.core.instrument import Instrument
from tickwright.core.layout import to_rows
from tickwright.core.records import FILL, Fill
from tickwright.ledger import cash, open_account, pnl, replay, step, total_pnl

UNIT = 1_000_000_000
SHARE = Instrument("ABC", "XNAS", "USD", Decimal("0.01"))
FUTURE = Instrument("FUT", "XEUR", "EUR", Decimal("0.25"), multiplier=Decimal(50))


def fill(side: int, size: int, price: int, fee: int = 0, instrument: int = 1) -> Fill:
    names = FILL.names or ()
    values = dict.fromkeys((n for n in names if n != "_pad"), 0)
    return Fill(**(values | {"side": side, "size": size, "price": price, "fee": fee, "instrument": instrument}))


def test_buy_sell_and_flip_by_hand():
    # Ticks of a cent. Buy 100 at 10.00 and 100 at 10.10: cost 2010.00, average 10.05.
    # Sell 150 at 10.20: releases 150 * 10.05 = 1507.50, proceeds 1530.00 -> realised 22.50; 50 left at cost 502.50.
    # Sell 80 at 9.95: closes 50 (proceeds 497.50, realised -5.00), opens -30 at 9.95 (cost -298.50).
    # Marked at 9.90: unrealised -30 * 9.90 + 298.50 = 1.50. Fees 4 * 0.25 = 1.00. Total 18.00.
    account = open_account({1: SHARE})
    for f in (fill(1, 100, 1000), fill(1, 100, 1010), fill(-1, 150, 1020), fill(-1, 80, 995)):
        account = step(account, Fill(**{n: getattr(f, n) for n in f.__slots__} | {"fee": UNIT // 4}))
    position = account.position(1)
    assert position.lots == -30
    assert position.cost == -298_500_000_000
    result = pnl(account, {1: 1980})["USD"]
    assert result.realised == 17_500_000_000
    assert result.unrealised == 1_500_000_000
    assert result.fees == UNIT
    assert result.total == 18 * UNIT
    # -1000 - 1010 + 1530 + 796 - 1 = 315
    assert cash(account) == {"USD": 315 * UNIT}


def test_currencies_are_kept_apart():
    # One E-mini-like lot, tick 0.25 * 50 = 12.50: bought at 4000 ticks, marked at 4001 -> 12.50 EUR.
    account = step(open_account({1: SHARE, 2: FUTURE}), fill(1, 10, 500))
    account = step(account, fill(1, 1, 4000, instrument=2))
    assert total_pnl(account, {1: 1004, 2: 8002}) == {"USD": 200_000_000, "EUR": 12_500_000_000}


def test_average_cost_that_does_not_divide_stays_exact_in_total():
    # Buy 1 at 0.01 and 2 at 0.02: cost 0.05 for 3 lots. Selling one releases 5/3 of a cent = 16 666 666.67 -> ...667.
    account = open_account({1: SHARE})
    for f in (fill(1, 1, 1), fill(1, 2, 2), fill(-1, 1, 2)):
        account = step(account, f)
    assert account.position(1).cost == 50_000_000 - 16_666_667
    assert total_pnl(account, {1: 4})["USD"] == 10_000_000


@pytest.mark.parametrize("seed", range(40))
def test_profit_equals_the_naive_model_and_ignores_grouping(seed: int):
    """Total profit is Σ of signed values, whatever the grouping of fills; realised is average cost to 1e-9 a step."""
    random = Random(seed)
    trades = [
        (random.choice((1, -1)), random.randint(1, 9), random.randint(1, 5000), random.randint(-5, 9))
        for _ in range(120)
    ]
    mark = random.randint(2, 10_000)
    lots, average, realised, reductions = 0, Fraction(0), Fraction(0), 0
    account = open_account({1: SHARE})
    split = open_account({1: SHARE})
    total = Fraction(0)
    for side, size, price, fee in trades:
        account = step(account, fill(side, size, price, fee))
        for k in range(size):
            split = step(split, fill(side, 1, price, fee if k == 0 else 0))
        total += Fraction(side * size * (mark - 2 * price), 200) - Fraction(fee, UNIT)
        for _ in range(size):  # one lot at a time: the average never has to be split
            if lots * side >= 0:
                average = (average * abs(lots) + Fraction(price, 100)) / (abs(lots) + 1)
            else:
                realised += -side * (Fraction(price, 100) - average)
                reductions += 1
            lots += side
        position = account.position(1)
        assert position.lots == lots, f"seed {seed}"
        assert abs(Fraction(position.realised, UNIT) - realised) * UNIT <= reductions, f"seed {seed}"
    assert Fraction(total_pnl(account, {1: mark})["USD"], UNIT) == total, f"seed {seed}"
    assert total_pnl(split, {1: mark}) == total_pnl(account, {1: mark}), f"seed {seed}"
    result = pnl(account, {1: mark})["USD"]
    p = account.position(1)
    assert result.total == p.cash - p.fees + p.lots * mark * p.half_tick_value, f"seed {seed}"


def test_replay_of_rows_is_the_fold_of_steps():
    fills = [fill(1, 3, 100, 2), fill(-1, 5, 110, 3)]
    account = open_account({1: SHARE})
    assert replay(account, to_rows(Fill, fills)) == step(step(account, fills[0]), fills[1])
    assert replay(account, np.zeros(0, FILL)) == account


def test_refusals_name_the_value():
    account = open_account({1: SHARE})
    with pytest.raises(DataError, match=r"got 7, the account holds \[1\]"):
        step(account, fill(1, 1, 1, instrument=7))
    with pytest.raises(DataError, match="size 0"):
        step(account, fill(1, 0, 1))
    with pytest.raises(DataError, match="ABC: 1 lots are open"):
        pnl(step(account, fill(1, 1, 1)), {})
    assert pnl(account, {})["USD"].total == 0
