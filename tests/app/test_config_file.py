"""Invariant: what `to_toml` writes, `read` and `build` turn back into an equal dataclass; nothing unknown passes."""

import datetime as dt
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickwright.app import config_file
from tickwright.core.errors import ConfigError, UsageError
from tickwright.run.config import ExecuteConfig, GateConfig, OrderConfig, ProfileConfig


class Colour(Enum):
    RED = 1
    DARK_BLUE = 2


@dataclass(frozen=True)
class Inner:
    rate: Decimal = Decimal("0.0035")
    path: Path | None = None


@dataclass(frozen=True)
class Outer:
    name: str
    count: int = 3
    share: float | None = 0.5
    on: bool = False
    colour: Colour = Colour.RED
    inner: Inner = field(default_factory=Inner)
    many: tuple[Inner, ...] = ()
    pair: tuple[int, str] = (1, "a")
    limits: dict[str, int] = field(default_factory=dict)


text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12).filter(lambda t: t != "off")
inners = st.builds(
    Inner,
    rate=st.decimals(allow_nan=False, allow_infinity=False),
    path=st.none() | text.filter(lambda t: "\0" not in t).map(Path),
)
outers = st.builds(
    Outer,
    name=text,
    count=st.integers(-(2**63), 2**63 - 1),
    share=st.none() | st.floats(allow_nan=False),
    on=st.booleans(),
    colour=st.sampled_from(Colour),
    inner=inners,
    many=st.lists(inners, max_size=3).map(tuple),
    pair=st.tuples(st.integers(-9, 9), text),
    limits=st.dictionaries(text, st.integers(0, 9), max_size=3),
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(outers)
def test_round_trip(value):
    written = config_file.to_toml(value)
    assert config_file.build(Outer, tomllib.loads(written)) == value, written


def test_execute_config_round_trip(tmp_path):
    config = ExecuteConfig(
        "ticks", "2012-06-21",
        (
            OrderConfig("GOOG", "buy", "2000", "10:00", "11:00"),
            OrderConfig("GOOG", "sell", "10", "10:00", "11:00", "09:59"),
        ),
        profile=ProfileConfig(maker_fee="-0.002"), gate=GateConfig(collar_bps=None, max_parent_share=0.25), seed=7,
    )  # fmt: skip
    path = tmp_path / "run.toml"
    path.write_text(config_file.to_toml(config))
    assert config_file.build(ExecuteConfig, config_file.read(path)) == config


def test_dashes_and_a_single_value_where_several_may_stand():
    table = tomllib.loads(
        'catalog = "c"\ndate = "d"\npolicies = "twap/take"\n[profile]\nentry-latency = "1ms"\n'
        '[[orders]]\ninstrument="A"\nside="buy"\nquantity="1"\nstart="1"\nend="2"'
    )
    config = config_file.build(ExecuteConfig, table)
    assert (config.policies, config.profile.entry_latency) == (("twap/take",), "1ms")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"name": "a", "cuont": 1}, ["unknown key cuont; allowed: ", "count", "inner"]),
        ({"name": "a", "inner": {"rte": "1"}}, ["unknown key inner.rte; allowed: path, rate"]),
        ({"name": [3]}, ["name", "3", "text in quotes"]),
        ({"name": dt.datetime(2012, 6, 21)}, ["name", "text in quotes"]),
        ({"name": "a", "count": True}, ["count", "True", "whole number"]),
        ({"name": "a", "inner": {"rate": 0.1}}, ["inner.rate", "exact decimal"]),
        ({"name": "a", "inner": {"rate": "x"}}, ["inner.rate", "'x'"]),
        ({"name": "a", "colour": "green"}, ["colour", "red, dark_blue"]),
        ({"name": "a", "many": [{"rate": "1"}, {"r": 1}]}, ["many[1].r"]),
        ({"name": "a", "pair": [1]}, ["pair", "2 values"]),
        ({"name": "a", "on": 1}, ["on", "true or false"]),
        ({}, ["name", "required"]),
    ],
)
def test_what_does_not_fit_is_refused_by_place_value_and_expectation(table, words):
    with pytest.raises(UsageError) as caught:
        config_file.build(Outer, table)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize("content", [None, b"a = ", b"\xff"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "run.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"run\.toml"):
        config_file.read(path)


def test_dates_times_and_numbers_may_stand_without_quotes(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(
        'catalog = "c"\ndate = 2012-06-21\nprofile = {taker_fee = 0.00300000000000000001, impact = 0.5}\n'
        '[[orders]]\ninstrument="A"\nside="buy"\nquantity=200\nstart=10:00:00\nend=10:30:00.5\n'
    )
    config = config_file.build(ExecuteConfig, config_file.read(path))
    (order,) = config.orders
    assert (config.date, order.quantity, order.start, order.end) == ("2012-06-21", "200", "10:00:00", "10:30:00.500000")
    assert (config.profile.taker_fee, config.profile.impact) == ("0.00300000000000000001", 0.5)


def test_a_value_in_the_place_of_a_table_is_not_dropped():
    with pytest.raises(ConfigError, match=r"gate: got 3, expected a table"):
        config_file.merged({"gate": 3}, {"gate": {}})


@pytest.mark.parametrize("value", [float("nan"), 0.0, -1.0, 1e300, float("inf")])
def test_gate_limits_out_of_bounds_are_refused_by_option(value):
    with pytest.raises(ConfigError, match="--price-collar"):
        GateConfig(collar_bps=value)
    with pytest.raises(ConfigError, match="--max-parent-share"):
        GateConfig(max_parent_share=value)


def test_a_seed_is_of_63_bits():
    order = OrderConfig("A", "buy", "1", "10:00", "11:00")
    for seed in (-1, 2**63):
        with pytest.raises(ConfigError, match="--seed"):
            ExecuteConfig("c", "d", (order,), seed=seed)
