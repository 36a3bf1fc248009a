"""Options that every feed has in common, and constants that stand twice since a package may not import another."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickwright.book.layout import PRICE_LIMIT
from tickwright.core.errors import ConfigError
from tickwright.data.intake import positive
from tickwright.data.itch import ingest as itch


@given(st.integers(1, 10**15), st.integers(-3, 18))
def test_a_positive_decimal_is_taken_exactly_however_it_is_written(mantissa, places):
    """Invariant: no digit is lost or made."""
    value = Decimal(mantissa).scaleb(-places)
    if value <= Decimal("1e12"):
        for text in (str(value), f"{value:f}", f"{value:E}", f"+{value:f}", value):
            assert positive(text, "tick size") == value


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "-1", "-0", "NaN", "sNaN", "Infinity", "-inf", "none", "0.01 ", " 1", "1_000", "0x1", "1,5",
        "1e-19", "0.0000000000000000001", "1.0000000000000000001", "1e13", "1e999999999", "1e-999999999",
        "\u0660.\u0661", "1e12345678901", "1" * 60, Decimal("NaN"), Decimal(0), Decimal.from_float(0.1),
    ],
)  # fmt: skip
def test_what_is_no_size_of_anything_is_refused_by_name(text):
    with pytest.raises(ConfigError, match=r"lot size: got .*, expected a positive decimal as 0\.01"):
        positive(text, "lot size")


def test_the_widest_and_the_finest_are_taken():
    for text in ("1e12", "1e-18", "1000000000000", "0.000000000000000001", "999999999999.999999999999999999"):
        assert positive(text, "tick size") == Decimal(text)


def test_prices_that_itch_warns_of_are_those_that_no_book_holds():
    assert itch.BOOK_LIMIT == PRICE_LIMIT
