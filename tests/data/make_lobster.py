"""LOBSTER zips made for the tests of this folder, and a reader of them in a few slow lines."""

import csv
import datetime as dt
import io
import zipfile
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

STEM = "GOOG_2012-06-21_34200000_57600000_{kind}_{levels}.csv"

MESSAGES = [
    "34200.000000001,1,11,100,5800000,1",
    "34200.5,1,12,50,5801000,-1",
    "34200.5,2,11,40,5800000,1",
    "34201.123456789,4,12,20,5801000,-1",
    "34202,3,12,30,5801000,-1",
    "34203.25,5,0,7,5800550,1",
    "34204,5,0,8,5800500,-1",
    "34205,6,-1,500,5800250,-1",
    "34206,7,0,0,-1,-1",
    "34207,7,0,0,0,-1",
    "34208,7,0,0,1,-1",
]
BOOKS = [
    "9999999999,0,5800000,100",
    "5801000,50,5800000,100",
    "5801000,50,5800000,60",
    "5801000,30,5800000,60",
    "9999999999,0,5800000,60",
    *["9999999999,0,5800000,60"] * 5,
    "9999999999,0,-9999999999,0",
]


def members(messages=None, books=None, levels=1):
    """Names and contents of a pair."""
    return {
        STEM.format(kind="message", levels=levels): "\n".join(MESSAGES if messages is None else messages) + "\n",
        STEM.format(kind="orderbook", levels=levels): "\n".join(BOOKS if books is None else books) + "\n",
    }


def write_zip(path: Path, contents=None, prefix="") -> Path:
    """A zip of named texts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (members() if contents is None else contents).items():
            archive.writestr(prefix + name, text)
    return path


def rows(path: Path, kind: str) -> list[list[str]]:
    """All rows of the message or orderbook member of a zip, as text."""
    with zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if f"_{kind}_" in n)
        return list(csv.reader(io.StringIO(archive.read(name).decode())))


def nanos(seconds: str, day=dt.date(2012, 6, 21)) -> int:
    """Seconds after midnight in New York → nanoseconds UTC, in exact decimals."""
    midnight = dt.datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("America/New_York"))
    return int(midnight.timestamp()) * 10**9 + int(Decimal(seconds) * 10**9)
