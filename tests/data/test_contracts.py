"""Where the tick size of a Databento instrument comes from, in the stated order."""

from decimal import Decimal
from pathlib import Path

import pytest

from tickwright.core.errors import CatalogError, ConfigError, FileFormatError, UsageError
from tickwright.core.instrument import Instrument
from tickwright.data.databento.contracts import instrument_for
from tickwright.data.databento.definitions import Definition, Definitions, read_definitions

CME = "GLBX.MDP3"


@pytest.mark.parametrize(
    ("symbol", "tick", "multiplier", "tick_value"),
    [
        # value of a tick in dollars as CME Group's contract pages state it
        ("ESH4", "0.25", "50", "12.50"), ("MESZ24", "0.25", "5", "1.25"), ("NQM5", "0.25", "20", "5"),
        ("MNQU5", "0.25", "2", "0.50"), ("RTYH4", "0.1", "50", "5"), ("M2KH4", "0.1", "5", "0.50"),
        ("YMH4", "1", "5", "5"), ("MYMH4", "1", "0.5", "0.50"), ("CLF5", "0.01", "1000", "10"),
        ("GCG4", "0.1", "100", "10"), ("6EH4", "0.00005", "125000", "6.25"), ("ZNH4", "0.015625", "1000", "15.625"),
        ("ZFH4", "0.0078125", "1000", "7.8125"), ("ZBH4", "0.03125", "1000", "31.25"),
        ("NGH4", "0.001", "10000", "10"), ("SIH4", "0.005", "5000", "25"), ("HGH4", "0.0005", "25000", "12.50"),
        ("6BH4", "0.0001", "62500", "6.25"),
    ],
)  # fmt: skip
def test_published_futures(symbol, tick, multiplier, tick_value):
    future = instrument_for(symbol, CME)
    assert (future.tick_size, future.multiplier) == (Decimal(tick), Decimal(multiplier))
    assert future.tick_value == Decimal(tick_value) * 10**9
    assert future.timezone == "America/Chicago"
    assert "published contract specification" in future.source


@pytest.mark.parametrize("symbol", ["ESH4-ESM4", "ES.c.0", "ES", "ESI4", "XYZH4", "ESH4 C4800", "UD:1V: GN 12"])
def test_what_is_no_outright_of_a_known_root_is_asked_for(symbol):
    with pytest.raises(ConfigError, match="pass --tick-size, or --definition"):
        instrument_for(symbol, CME)


def test_us_stocks_quote_in_cents():
    stock = instrument_for("NVDA", "XNAS.ITCH")
    assert (stock.tick_size, stock.venue, stock.timezone) == (Decimal("0.01"), "XNAS", "America/New_York")


def test_an_explicit_tick_size_comes_first():
    future = instrument_for("ESH4", CME, tick_size=Decimal("0.05"))
    assert (future.tick_size, future.multiplier) == (Decimal("0.05"), Decimal(50))
    assert future.source.startswith("tick size given")
    other = instrument_for("ESH4-ESM4", CME, tick_size=Decimal("0.05"))
    assert (other.tick_size, other.multiplier) == (Decimal("0.05"), 1)
    assert "multiplier 1 assumed" in other.source


def test_the_catalog_comes_next_and_must_not_be_contradicted():
    known = Instrument("ESH4", "XCME", "USD", Decimal("0.5"), multiplier=Decimal(7))
    assert instrument_for("ESH4", CME, known=known) is known
    assert instrument_for("ESH4", CME, known=known, tick_size=Decimal("0.50")) is known
    with pytest.raises(CatalogError, match=r"the tick size given says a tick of 0\.25, but the catalog has 0\.5"):
        instrument_for("ESH4", CME, known=known, tick_size=Decimal("0.25"))
    stated = Definition("ESH4", "XCME", "USD", Decimal("0.25"), Decimal(50))
    definitions = Definitions(Path("x.dbn"), {"ESH4": stated})
    with pytest.raises(CatalogError, match=r"the definition file says a tick of 0\.25"):
        instrument_for("ESH4", CME, known=known, definitions=definitions)


def test_recorded_definitions(shared_data):
    definitions = read_definitions(shared_data / "databento" / "definition-glbx-es-fut.dbn.zst")
    assert definitions.by_symbol == {"ESM3": Definition("ESM3", "XCME", "USD", Decimal("0.25"), Decimal(50))}
    future = instrument_for("ESM3", CME, definitions=definitions)
    assert (future.tick_size, future.multiplier, future.venue) == (Decimal("0.25"), Decimal(50), "XCME")
    assert future.source == "definition file"
    with pytest.raises(UsageError, match=r"definition-glbx-es-fut\.dbn\.zst defines ESM3, not ESH4$"):
        instrument_for("ESH4", CME, definitions=definitions)


def test_a_definition_that_leaves_the_tick_open_falls_to_the_table(shared_data):
    definitions = read_definitions(shared_data / "databento/samples/XNAS.ITCH/test_data.definition.dbn.zst")
    assert definitions.by_symbol["NVDA"].tick_size is None
    assert instrument_for("NVDA", "XNAS.ITCH", definitions=definitions).tick_size == Decimal("0.01")


def test_a_file_without_definitions_is_refused(shared_data, tmp_path):
    with pytest.raises(FileFormatError, match="schema: found mbo, expected definition"):
        read_definitions(shared_data / "databento/samples/GLBX.MDP3/test_data.mbo.dbn.zst")
    (tmp_path / "x").write_bytes(b"not DBN at all, though long enough to look at")
    with pytest.raises(FileFormatError):
        read_definitions(tmp_path / "x")


def test_prices_themselves_say_it_when_there_are_a_hundred():
    found = instrument_for("XYZH4", CME, observed=(250_000_000, 100))
    assert found.tick_size == Decimal("0.25")
    assert "inferred" in found.source
    with pytest.raises(ConfigError):
        instrument_for("XYZH4", CME, observed=(250_000_000, 99))
