"""Which files of a LOBSTER zip, or beside each other in a folder, make a pair; and how they are opened."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tickwright.core.errors import FileFormatError

_NAME = re.compile(
    r"^(?P<symbol>[^/]+)_(?P<date>\d{4}-\d\d-\d\d)_(?P<start>\d+)_(?P<end>\d+)"
    r"_(?P<kind>message|orderbook)_(?P<level>\d+)\.csv$"
)


@dataclass(frozen=True, slots=True)
class LobsterPair:
    """A message file and its orderbook file. The members are names inside a zip, or paths when there is none."""

    file: Path
    symbol: str
    date: dt.date
    levels: int
    message: str
    orderbook: str

    def place(self, member: str) -> str:
        """A member as messages name it: behind its zip, or as the path that it is."""
        return member if _NAME.match(self.file.name) else f"{self.file}: {member}"


def open_pairs(path: Path) -> list[LobsterPair]:
    """The pairs of a LOBSTER zip by symbol and date, or the one pair that a message CSV belongs to.

    Raises FileFormatError: not a zip, a member is missing, or the files belong to different symbols, days or levels.
    """
    if _NAME.match(path.name):
        other = path.name.replace("_message_", "_orderbook_")
        names = [path.name, other] if other != path.name else [path.name.replace("_orderbook_", "_message_"), other]
        missing = [name for name in names if not (path.parent / name).is_file()]
        if missing:
            raise FileFormatError(path, "the folder", f"no {missing[0]}", "message and orderbook files side by side")
        names = [str(path.parent / name) for name in names]
    else:
        with _archive(path) as archive:
            names = archive.namelist()
    return _pair_up(path, names)


def _pair_up(path: Path, names: list[str]) -> list[LobsterPair]:
    found: dict[str, dict[tuple[str, str, str, str, int], str]] = {"message": {}, "orderbook": {}}
    for name in names:
        match = _NAME.match(Path(name).name)
        if match is not None and not Path(name).name.startswith("."):
            key = (match["symbol"], match["date"], match["start"], match["end"], int(match["level"]))
            found[match["kind"]][key] = name
    messages, books = found["message"], found["orderbook"]
    for kind, members in found.items():
        if not members:
            listed = ", ".join(names[:5]) or "nothing"
            expected = f"a member SYMBOL_DATE_START_END_{kind}_LEVELS.csv"
            raise FileFormatError(path, "contents", listed, expected)
    alone = sorted(set(messages) ^ set(books))
    if alone:
        name = messages.get(alone[0]) or books[alone[0]]
        others = [m for m in (*messages.values(), *books.values()) if m != name]
        raise FileFormatError(
            path, "contents", f"{name} beside {others[0]}",
            "message and orderbook of the same symbol, date, times and number of levels: not a pair",
        )  # fmt: skip
    return [
        LobsterPair(path, key[0], _date(path, name), key[4], name, books[key])
        for key, name in sorted(messages.items())
        if _levels(path, key[4])
    ]


def _date(path: Path, name: str) -> dt.date:
    match = _NAME.match(Path(name).name)
    text = match["date"] if match else ""
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise FileFormatError(path, f"name {name}", text, "a date") from error


def _levels(path: Path, levels: int) -> bool:
    if not 1 <= levels <= 1000:
        raise FileFormatError(path, "name", f"{levels} levels", "1 to 1000")
    return True


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise FileFormatError(path, "zip archive", str(error), "a whole zip file: it may be truncated") from error
    with archive:
        yield archive


class Member:
    """The bytes of a member of a zip, uncompressed, or of a file of its own. Raises FileFormatError as it reads."""

    def __init__(self, path: Path, place: str, file: IO[bytes]) -> None:
        self._path = path
        self._place = place
        self._file = file

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        try:
            return self._file.read(size)
        except Exception as error:
            # zlib and zipfile raise five unrelated types for a damaged member, none of which they document
            if isinstance(error, (MemoryError, RuntimeError)):
                raise
            expected = "a readable file" if isinstance(error, OSError) else "a whole zip file: it is damaged"
            raise FileFormatError(self._path, self._place, str(error) or "a sudden end", expected) from error


@contextmanager
def open_member(path: Path, name: str) -> Iterator[tuple[Member, int]]:
    """A member of a zip, or a file of its own, with its size in bytes uncompressed. Raises FileFormatError."""
    place = f"member {name}"
    if _NAME.match(path.name):
        with open(name, "rb") as file:
            yield Member(path, place, file), Path(name).stat().st_size
        return
    with _archive(path) as archive:
        try:
            member = archive.open(name)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise FileFormatError(path, place, str(error), "a readable member of a zip") from error
        with member:
            yield Member(path, place, member), archive.getinfo(name).file_size
