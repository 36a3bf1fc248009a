"""From text to the objects of a run: what is refused, and by which name."""

from decimal import Decimal

import pytest
from worlds import X

from tickwright.core.errors import CapacityError, ConfigError, FileFormatError
from tickwright.core.records import TAKER
from tickwright.core.time import parse_date, parse_time
from tickwright.core.units import DAY
from tickwright.run.compose import clock, gate_of, policy_spec, profile_of, read_latencies
from tickwright.run.config import GateConfig, ProfileConfig
from tickwright.venue.sim.fees import Fees
from tickwright.venue.sim.latency import Latency


def test_latencies_from_a_file(tmp_path):
    path = tmp_path / "measured.csv"
    path.write_text("entry_ns,response_ns\n250000,300000\n1, 2\n")
    assert read_latencies(path) == ((250_000, 1), (300_000, 2))


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"entry_ns,response_ns\n-5,3\n", "line 2"),
        (b"entry_ns,response_ns\n1,1\n99999999999999999999,3\n", "line 3"),
        (f"entry_ns,response_ns\n1,{DAY + 1}\n".encode(), "line 2"),
        (b"entry_ns,response_ns\n" + b"9" * 5000 + b",3\n", "line 2"),
        ("entry_ns,response_ns\n\u00b2,3\n".encode(), "line 2"),
        (b"entry_ns,response_ns\n1\n", "line 2"),
        (b"entry_ns,response_ns\n", "line 2"),
        (b"PAR1\xff\xfe\x00\x15", "content"),
        (b"PAR1\x15\x04", "line 1"),
    ],
)
def test_a_file_that_holds_no_latencies_is_refused_by_place(tmp_path, content, place):
    path = tmp_path / "measured"
    path.write_bytes(content)
    with pytest.raises(FileFormatError) as caught:
        read_latencies(path)
    assert caught.value.place == place


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"entry_latency": "x"}, "--entry-latency"),
        ({"response_latency": "25h"}, "--response-latency"),
        ({"feed_latency": "9000000h"}, "--feed-latency"),
        ({"maker_fee": "1e400"}, "--maker-fee"),
        ({"taker_fee": "nan"}, "--taker-fee"),
        ({"taker_fee": "ten"}, "--taker-fee"),
        ({"taker_fee_bps": "1e30"}, "profile.taker_fee_bps"),
        ({"maker_fee_bps": "-10001"}, "profile.maker_fee_bps"),
        ({"resilience": "soon"}, "--resilience"),
        ({"impact_decay": "late"}, "--impact-decay"),
        ({"impact": 1e300}, "--impact"),
        ({"impact": float("nan")}, "--impact"),
    ],
)
def test_an_assumption_out_of_bounds_is_refused_by_its_option_or_key(changes, name):
    with pytest.raises(ConfigError) as caught:
        profile_of(ProfileConfig(**changes), X)
    assert str(caught.value).startswith(name)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"max_order_quantity": "0"}, "--max-order"),
        ({"max_order_quantity": "-1"}, "--max-order"),
        ({"max_order_value": "0"}, "gate.max_order_value"),
        ({"max_order_value": "1e30"}, "gate.max_order_value"),
        ({"max_order_value": "nan"}, "gate.max_order_value"),
    ],
)
def test_a_gate_limit_that_would_pass_for_off_is_refused(changes, name):
    with pytest.raises(ConfigError) as caught:
        gate_of(GateConfig(**changes), X)
    assert str(caught.value).startswith(name)


def test_the_records_themselves_are_bounded():
    for samples in ((), (-1,), (1, DAY + 1), (2**70,)):
        with pytest.raises(ConfigError, match=r"latency\.entry"):
            Latency(entry=samples)
    with pytest.raises(ConfigError, match=r"fees\.taker_bps"):
        Fees(taker_bps=Decimal(10_001))
    with pytest.raises(CapacityError, match="does not fit"):
        Fees(taker_per_lot=Decimal(1_000_000)).of(X, TAKER, 100, 10_000_000)


def test_a_schedule_without_a_placement_says_what_is_missing():
    for text in ("twap", "split/twap(slices=3)"):
        with pytest.raises(ConfigError, match=r"a placement after the schedule.*take, post-then-cross"):
            policy_spec(text, "cross")


def test_leave_switches_the_final_crossing_off():
    assert policy_spec("twap/mid-peg", "leave").tick_options.cross_final is False
    assert policy_spec("twap/mid-peg", "cross").tick_options.cross_final is True
    assert policy_spec("twap/take", "leave") == policy_spec("twap/take", "cross")


@pytest.mark.parametrize(
    ("text", "short"),
    [("10:00", "10:00"), ("10:00:05", "10:00:05"), ("10:00:00.5", "10:00:00.5"), ("10:20:30", "10:20:30")],
)
def test_a_time_is_as_short_as_it_goes(text, short):
    zone = "America/New_York"
    assert clock(parse_time(text, parse_date("2012-06-21"), zone), zone) == short
