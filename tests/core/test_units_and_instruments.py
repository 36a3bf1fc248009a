"""Exact decimals at the edge, integers inside."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickwright.core.errors import ConfigError, OffGridError
from tickwright.core.ids import fingerprint, stable_id
from tickwright.core.instrument import Instrument
from tickwright.core.units import BUY, SELL, money_text, money_to_decimal, side_of, side_text

SHARE = Instrument("GOOG", "XNAS", "USD", Decimal("0.01"))
ES = Instrument("ESH4", "XCME", "USD", Decimal("0.25"), multiplier=Decimal(50))
COIN = Instrument("BTCUSDT", "BINANCE", "USDT", Decimal("0.01"), lot_size=Decimal("0.00001"))


def test_tick_values():
    assert SHARE.tick_value == 10_000_000  # one cent
    assert ES.tick_value == 12_500_000_000  # 12.50 dollars
    assert COIN.tick_value == 100  # a cent on a hundred-thousandth of a coin: 1e-7


@given(st.integers(-(10**9), 10**9))
def test_price_and_ticks_are_inverse(ticks):
    # Invariant: ticks → price → ticks is the identity, exactly, for every tick size.
    for instrument in (SHARE, ES, COIN):
        assert instrument.to_ticks(instrument.to_price(ticks)) == ticks
        assert instrument.to_lots(instrument.to_quantity(ticks)) == ticks


@pytest.mark.parametrize("price", ["575.005", "0.0001", "1e-9"])
def test_a_price_between_ticks_is_refused_with_the_grid(price):
    with pytest.raises(OffGridError, match=r"GOOG: price .* is not a whole multiple of 0\.01"):
        SHARE.to_ticks(price)


@pytest.mark.parametrize("quantity", ["0.5", "1.000001"])
def test_a_part_of_a_lot_is_refused(quantity):
    with pytest.raises(OffGridError, match="quantity"):
        SHARE.to_lots(quantity)


@pytest.mark.parametrize("text", ["", "ten", "NaN", "inf"])
def test_what_is_no_number_is_named(text):
    with pytest.raises(ConfigError, match="price"):
        SHARE.to_ticks(text)


@pytest.mark.parametrize("text", ["1e400", "-1e30", "9223372036854775808", "1e999999"])
def test_what_64_bits_do_not_hold_is_refused(text):
    with pytest.raises(ConfigError, match="64 bits"):
        SHARE.to_lots(text)
    assert SHARE.to_lots(2**63 - 1) == 2**63 - 1


@pytest.mark.parametrize("bad", [Decimal(0), Decimal("-0.01"), Decimal("NaN"), 0.01])
def test_a_tick_must_be_a_positive_decimal(bad):
    with pytest.raises(ConfigError, match="tick_size"):
        Instrument("X", "V", "USD", bad)


def test_a_tick_too_fine_for_exact_accounts_is_refused():
    with pytest.raises(ConfigError, match="whole billionths"):
        Instrument("X", "V", "USD", Decimal("0.000000001"))


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0.00"),
        (12_500_000_000, "12.50"),
        (-3_500_000, "-0.0035"),
        (1, "0.000000001"),
        (-(10**21), "-1000000000000.00"),
    ],
)
def test_money_is_plain_digits(amount, text):
    assert money_text(amount) == text
    assert money_to_decimal(amount) == Decimal(text)


@given(st.integers(-(10**24), 10**24))
def test_money_text_loses_nothing(amount):
    # Invariant: the text of an amount is that amount, to the last billionth.
    assert Decimal(money_text(amount)) * 10**9 == amount


def test_sides():
    assert (side_of("buy"), side_of("SELL")) == (BUY, SELL)
    assert side_text(side_of("sell")) == "sell"
    with pytest.raises(ConfigError, match="buy or sell"):
        side_of("hold")


def test_ids_are_a_function_of_what_they_name():
    assert SHARE.id == Instrument("GOOG", "XNAS", "EUR", Decimal("0.5")).id
    assert SHARE.id != ES.id
    assert 0 <= stable_id("x") < 2**63
    assert fingerprint({"b": 1, "a": [Decimal("1.0")]}) == fingerprint({"a": [Decimal("1.0")], "b": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
