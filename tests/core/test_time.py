"""Wall-clock text to nanoseconds and back, over zones and the days on which clocks change."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickwright.core.errors import ConfigError
from tickwright.core.time import local_date, midnight, parse_date, parse_duration, parse_time, time_text, utc_day
from tickwright.core.units import DAY, HOUR, SECOND

JUNE = dt.date(2012, 6, 21)
NEW_YORK = "America/New_York"


def stamp(text):
    """Nanoseconds of an ISO time, by the standard library's own arithmetic."""
    return int(dt.datetime.fromisoformat(text).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("10:00", "2012-06-21T14:00:00+00:00"),
        ("9:30:05", "2012-06-21T13:30:05+00:00"),
        ("14:00 Z", "2012-06-21T14:00:00+00:00"),
        ("14:00Z", "2012-06-21T14:00:00+00:00"),
        ("16:00 Europe/Paris", "2012-06-21T14:00:00+00:00"),
        ("15:00 +01:00", "2012-06-21T14:00:00+00:00"),
    ],
)
def test_times_are_exchange_local_unless_a_zone_is_given(text, utc):
    assert parse_time(text, JUNE, NEW_YORK) == stamp(utc)


def test_fractions_are_exact():
    assert parse_time("10:00:00.000000001", JUNE, NEW_YORK) - parse_time("10:00", JUNE, NEW_YORK) == 1
    assert parse_time("10:00:00.5", JUNE, NEW_YORK) - parse_time("10:00", JUNE, NEW_YORK) == SECOND // 2


@pytest.mark.parametrize("text", ["", "10", "25:00", "10:61", "10:00:00.1234567890", "ten", "10:00 Mars/Olympus"])
def test_what_is_no_time_is_named(text):
    with pytest.raises(ConfigError, match="time"):
        parse_time(text, JUNE, NEW_YORK)


@pytest.mark.parametrize(("date", "hours"), [("2024-03-10", 23), ("2024-11-03", 25), ("2024-06-01", 24)])
def test_days_are_as_long_as_the_clock_makes_them(date, hours):
    day = parse_date(date)
    assert midnight(day + dt.timedelta(days=1), NEW_YORK) - midnight(day, NEW_YORK) == hours * HOUR


@given(st.integers(0, 4_000_000_000 * SECOND))
def test_text_of_a_moment_parses_back(ts):
    # Invariant: moment → local text and date → moment, wherever the local clock is unambiguous.
    for zone in ("UTC", "Asia/Tokyo"):
        assert parse_time(time_text(ts, zone), local_date(ts, zone), zone) == ts


def test_utc_day():
    assert utc_day(0) == dt.date(1970, 1, 1)
    assert utc_day(DAY - 1) == dt.date(1970, 1, 1)
    assert utc_day(-1) == dt.date(1969, 12, 31)


@pytest.mark.parametrize(
    ("text", "ns"), [("250us", 250_000), ("1.5ms", 1_500_000), ("10s", 10 * SECOND), ("1h", HOUR), ("0ns", 0)]
)
def test_durations(text, ns):
    assert parse_duration(text) == ns


@pytest.mark.parametrize("text", ["", "5", "-1s", "5 parsecs", "s", "9000000h", "9" * 400 + "s"])
def test_what_is_no_duration_is_named(text):
    with pytest.raises(ConfigError, match="duration"):
        parse_duration(text)


def test_what_is_refused_is_called_by_the_name_it_has_for_the_caller():
    for call in (
        lambda: parse_time("x", JUNE, NEW_YORK, "--start"),
        lambda: parse_time("25:00", JUNE, NEW_YORK, "--start"),
        lambda: parse_duration("x", "--start"),
        lambda: parse_date("x", "--start"),
    ):
        with pytest.raises(ConfigError, match=r"^--start: got"):
            call()
