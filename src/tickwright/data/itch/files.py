"""The day that the name of an ITCH file says, and the time zone of its clock."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from tickwright.core.errors import ConfigError

NEW_YORK = "America/New_York"

# 01302019.NASDAQ_ITCH50.gz, 20190130.BX_ITCH_50.gz, S020119-v50.txt.gz
_PATTERNS = (
    (re.compile(r"(?<!\d)(\d{8})(?!\d)"), ("%Y%m%d", "%m%d%Y")),
    (re.compile(r"(?<![0-9A-Za-z])S(\d{6})(?!\d)"), ("%m%d%y",)),
    (re.compile(r"(?<!\d)(\d{4}-\d\d-\d\d)(?!\d)"), ("%Y-%m-%d",)),
)
_YEARS = range(1990, 2100)


def date_of(path: Path) -> dt.date:
    """The day in a file's name. Raises ConfigError when it has none, or two."""
    found = set()
    for pattern, forms in _PATTERNS:
        for text in pattern.findall(path.name):
            found |= {date for form in forms if (date := _date(text, form)) is not None}
    if len(found) != 1:
        expected = "one date, MMDDYYYY, YYYYMMDD or SMMDDYY, as 01302019.NASDAQ_ITCH50.gz; otherwise pass --date"
        raise ConfigError("file name", path.name, expected)
    return found.pop()


def _date(text: str, form: str) -> dt.date | None:
    try:
        date = dt.datetime.strptime(text, form).date()
    except ValueError:
        return None
    return date if date.year in _YEARS else None
