"""Calendars against facts written down from the exchanges' own announcements."""

import datetime as dt
import gzip
import subprocess
import sys
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from tickwright.core.errors import ConfigError
from tickwright.data.calendars import calendar


def utc(text: str) -> int:
    moment = dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
    return int(moment.timestamp()) * 10**9


def local(text: str, zone: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 10**9


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize("venue", ["XNYS", "XNAS", "ARCX"])
@pytest.mark.parametrize(
    ("date", "begin", "end", "early"),
    [
        ("2018-07-02", "2018-07-02T13:30", "2018-07-02T20:00", False),  # summer time
        ("2018-07-03", "2018-07-03T13:30", "2018-07-03T17:00", True),  # the day before Independence Day, to 13:00
        ("2018-11-23", "2018-11-23T14:30", "2018-11-23T18:00", True),  # the day after Thanksgiving, to 13:00
        ("2018-03-09", "2018-03-09T14:30", "2018-03-09T21:00", False),  # the Friday before the clock goes forward
        ("2018-03-12", "2018-03-12T13:30", "2018-03-12T20:00", False),  # the Monday after
        ("2018-11-02", "2018-11-02T13:30", "2018-11-02T20:00", False),
        ("2018-11-05", "2018-11-05T14:30", "2018-11-05T21:00", False),
    ],
)
def test_sessions_of_us_stocks(venue: str, date: str, begin: str, end: str, early: bool) -> None:
    session = calendar(venue).session(day(date))
    assert (session.open, session.close, session.early) == (utc(begin), utc(end), early)
    assert session.auctions == (("open", utc(begin)), ("close", utc(end)))


@pytest.mark.parametrize(
    "date", ["2018-01-01", "2018-01-15", "2018-02-19", "2018-03-30", "2018-05-28", "2018-07-04", "2018-09-03",
             "2018-11-22", "2018-12-05", "2018-12-25", "2018-07-07"],
)  # fmt: skip
def test_no_session_of_us_stocks(date: str) -> None:
    """Holidays of 2018, Good Friday and the mourning for President Bush among them, and a Saturday."""
    assert not calendar("XNYS").is_session(day(date))
    with pytest.raises(ConfigError, match="a session of XNYS; those around it are"):
        calendar("XNYS").session(day(date))


def test_a_year_has_its_sessions_and_neighbours() -> None:
    """251 sessions in 2018; across Good Friday the neighbours are Thursday and Monday."""
    nyse = calendar("XNYS")
    sessions = nyse.sessions(day("2018-01-01"), day("2018-12-31"))
    assert len(sessions) == 251
    assert [s.date for s in sessions if s.early] == [day("2018-07-03"), day("2018-11-23"), day("2018-12-24")]
    assert nyse.next(day("2018-03-29")).date == day("2018-04-02")
    assert nyse.previous(day("2018-04-02")).date == day("2018-03-29")
    assert nyse.timezone == "America/New_York"
    assert nyse.previous(day("2019-01-02")).date == day("2018-12-31")


def test_a_moment_finds_its_session() -> None:
    nyse = calendar("XNYS")
    first, last = utc("2018-07-03T13:30"), utc("2018-07-03T17:00")
    assert [nyse.is_open(ts) for ts in (first - 1, first, last - 1, last)] == [False, True, True, False]
    assert nyse.session_at(last) is None


def test_futures_open_the_evening_before() -> None:
    """CME: the session of Monday opens on Sunday at 17:00 in Chicago; Independence Day ends at noon."""
    cme = calendar("XCME")
    assert (cme.name, cme.timezone) == ("CMES", "America/Chicago")
    monday = cme.session(day("2018-07-02"))
    assert monday.open == local("2018-07-01T17:00", "America/Chicago") == utc("2018-07-01T22:00")
    assert cme.session_at(utc("2018-07-01T22:00")) == monday
    fourth = cme.session(day("2018-07-04"))
    assert fourth.early
    assert fourth.close == local("2018-07-04T12:00", "America/Chicago")
    winter = cme.session(day("2018-12-03"))
    assert winter.open == utc("2018-12-02T23:00")
    assert not cme.is_session(day("2018-03-30"))
    assert calendar("GLBX.MDP3") == cme


def test_a_lunch_break_is_no_trading() -> None:
    hong_kong = calendar("XHKG")
    session = hong_kong.session(day("2018-07-03"))
    lunch = local("2018-07-03T12:00", "Asia/Hong_Kong"), local("2018-07-03T13:00", "Asia/Hong_Kong")
    assert (session.break_start, session.break_end) == lunch
    assert hong_kong.is_open(lunch[0] - 1)
    assert not hong_kong.is_open(lunch[0])
    assert hong_kong.session_at(lunch[0]) == session
    assert hong_kong.is_open(lunch[1])


@pytest.mark.parametrize("venue", ["BINANCE", "BINANCE-USDM", "BITSTAMP", "24/7"])
def test_crypto_never_closes(venue: str) -> None:
    """Each UTC day, leap days and holidays too, is a session that begins where the one before ended."""
    always = calendar(venue)
    days = always.sessions(day("2024-02-27"), day("2024-03-02"))
    assert [s.date.isoformat() for s in days] == ["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02"]
    assert all(a.close == b.open for a, b in pairwise(days))
    assert days[0].open == utc("2024-02-27T00:00")
    assert always.is_open(utc("2024-12-25T03:00"))
    assert always.timezone == "UTC"


def test_what_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"calendar: got 'XXYY'.*XNAS"):
        calendar("XXYY")
    with pytest.raises(ConfigError, match="year of XNYS: got 1900"):
        calendar("XNYS").session(day("1900-01-02"))
    with pytest.raises(ConfigError, match="year of XHKG: got 2070"):
        calendar("XHKG").sessions(day("2070-01-01"), day("2070-02-01"))
    with pytest.raises(ConfigError, match="end: got '2018-01-01'"):
        calendar("24/7").sessions(day("2018-01-02"), day("2018-01-01"))


def test_the_library_is_imported_at_need_alone() -> None:
    """Importing pandas takes a second, and most commands need no calendar."""
    code = (
        "import sys, tickwright.data.calendars as c; c.calendar('BINANCE'); print('exchange_calendars' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_recorded_futures_bars_lie_in_sessions(shared_data) -> None:
    """Euro FX, January 2024: each bar is in a session, but for the afternoon of Martin Luther King's day.

    The library's CMES closes at noon then, as index futures did; currencies traded on until 16:00 in Chicago.
    """
    with gzip.open(shared_data / "futures_1min" / "6EH4.XCME_1min_bars_20240101_20240131.csv.gz", "rt") as file:
        ends = [line[:19].replace(" ", "T") for line in file.read().splitlines()[1:]]
    sessions = calendar("XCME").sessions(day("2024-01-01"), day("2024-02-02"))
    moments = [utc(end) - 60 * 10**9 for end in ends]
    outside = [ts for ts in moments if not any(s.open <= ts < s.close for s in sessions)]
    assert (len(moments), len(outside)) == (29_996, 155)
    noon, four = (local(f"2024-01-15T{hour}:00", "America/Chicago") for hour in (12, 16))
    assert all(noon <= ts < four for ts in outside)
