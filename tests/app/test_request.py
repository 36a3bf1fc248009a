"""Options over a file: each option replaces its field, several values multiply the orders."""

from pathlib import Path

import pytest

from tickwright.app.request import orders, request
from tickwright.core.errors import ConfigError

GIVEN = {
    "catalog": Path("ticks"), "date": "2012-06-21", "instrument": ["GOOG"], "side": ["buy", "sell"],
    "quantity": ["2000", "20000"], "start": "10:00", "end": "11:00", "policy": ["twap/take", "ac/requote"],
}  # fmt: skip


def test_two_sides_and_two_quantities_are_four_orders():
    config = request(None, GIVEN)
    assert [(o.side, o.quantity) for o in config.orders] == [
        ("buy", "2000"), ("buy", "20000"), ("sell", "2000"), ("sell", "20000"),
    ]  # fmt: skip
    assert config.policies == ("twap/take", "ac/requote")
    assert (config.catalog, config.seed, config.together) == ("ticks", 1, False)


def test_options_override_the_file(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(
        'catalog = "a"\ndate = "2012-06-21"\nseed = 5\n[profile]\nmaker_fee = "-0.002"\nentry_latency = "1ms"\n[gate]\n'
        "collar_bps = 10.0\n"
        '[[orders]]\ninstrument = "GOOG"\nside = "buy"\nquantity = "100"\nstart = "10:00"\nend = "11:00"\n'
        '[[orders]]\ninstrument = "AAPL"\nside = "sell"\nquantity = "200"\nstart = "10:00"\nend = "11:00"\n'
    )
    assert [o.quantity for o in request(path, {}).orders] == ["100", "200"]
    config = request(
        path,
        {
            "quantity": ["50"],
            "seed": 9,
            "entry_latency": "3us",
            "impact": "0.001",
            "price_collar": "off",
            "together": True,
        },
    )
    assert [(o.instrument, o.side, o.quantity) for o in config.orders] == [
        ("GOOG", "buy", "50"),
        ("AAPL", "sell", "50"),
    ]
    assert (config.seed, config.catalog, config.together) == (9, "a", True)
    assert (config.profile.entry_latency, config.profile.maker_fee, config.profile.impact) == ("3us", "-0.002", 0.001)
    assert config.gate.collar_bps is None


def test_equal_orders_are_kept_once():
    assert orders([{"side": "buy"}, {"side": "sell"}], {"side": ["buy"]}) == [{"side": "buy"}]


def test_impact_off_is_zero():
    assert request(None, {**GIVEN, "impact": "off"}).profile.impact == 0.0


def test_the_queue_law_is_what_the_data_allow_unless_it_is_named():
    assert request(None, GIVEN).profile.queue_law == "auto"
    assert request(None, {**GIVEN, "queue_law": "prob-power(2)"}).profile.queue_law == "prob-power(2)"


def test_what_is_missing_is_named_by_its_option():
    with pytest.raises(ConfigError, match="--date, --side"):
        request(None, {k: v for k, v in GIVEN.items() if k not in ("date", "side")})


def test_a_value_that_is_no_number_is_refused():
    with pytest.raises(ConfigError, match="--impact"):
        request(None, {**GIVEN, "impact": "much"})


@pytest.mark.parametrize("value", ["abc", "-1", "nan", "inf"])
@pytest.mark.parametrize("option", ["price_collar", "max_parent_share", "impact"])
def test_a_number_out_of_bounds_names_its_option(option, value):
    with pytest.raises(ConfigError, match=f"--{option.replace('_', '-')}: got '{value}'"):
        request(None, {**GIVEN, option: value})


@pytest.mark.parametrize("table", ["orders = 3", "orders = [3]", "profile = 3", "gate = 3", "seed = -1"])
def test_a_file_with_something_else_in_the_place_of_a_table(tmp_path, table):
    path = tmp_path / "run.toml"
    path.write_text(table + "\n")
    with pytest.raises(ConfigError, match=table.split(" ")[0]):
        request(path, GIVEN)
