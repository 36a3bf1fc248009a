"""`FactorStore`: values of factors in the folder of a catalog.

1. `append` takes the output of one factor, leaves out what stands there already to the bit, and writes the rest beside
   it. Nothing is ever overwritten: a corrected row is one more version, written later.
2. A live row was told at its `ts_available`; it can be corrected only by one that was known later. A backfill may say
   anything of the past again, but for `warmup`, and when it did so is in `ts_recorded`.
3. Of one symbol there is one series of rows: those of another section, as of a basket of others, are refused.
4. `read` gives what was known at a moment (`as_of`, by `ts_available`), from what the store held at another one
   (`recorded_by`, by `ts_recorded`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from tickwright.core.errors import CatalogError, ConfigError, DataError
from tickwright.core.units import Nanos
from tickwright.data.store.disk import storage, whole_file
from tickwright.data.store.writer import take_lock
from tickwright.factors.store import book as books
from tickwright.factors.store.book import Book, Part, Recorded, Staged
from tickwright.factors.store.rows import KEY, STORED, TEXTS, Origin, checked, counting, differing, from_bytes, to_bytes
from tickwright.factors.tags import STAGES, Definition, Query, SeriesId, Tags, resolve

_STANDS = "the factor store stands as it was"
VERSIONS = ("last", "first", "all")


@dataclass(frozen=True, slots=True)
class Written:
    """What an append did: rows that were new, corrections among them, and rows that stood there already."""

    rows: int
    corrected: int
    already: int
    write: int


class FactorStore:
    """The store of one catalog, as it stood when it was opened, or at the last `refresh` or write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.book: Book = books.load(folder)

    @classmethod
    def open(cls, catalog: Path | str) -> FactorStore:
        """The store of a catalog's folder; empty where nothing was stored. Raises ConfigError, CatalogError."""
        if "://" in str(catalog):
            raise ConfigError("catalog", str(catalog), "a local folder: factors are not kept behind a URL")
        return cls(books.folder_of(Path(catalog)))

    def refresh(self) -> None:
        """See what other writers have stored since. Raises CatalogError."""
        self.book = books.load(self.folder)

    # ── what is there ────────────────────────────────────────────────────────────────────────────────────────────

    def tags(self) -> dict[SeriesId, Tags]:
        """Tags of everything that is stored, each at its stage."""
        stages = {(s.factor_id, s.benchmark): s.stage for s in self.book.stages}
        return {
            series: msgspec.structs.replace(found.tags, stage=stages.get(series, found.tags.stage))
            for series, found in self.definitions().items()
        }

    def definitions(self) -> dict[SeriesId, Definition]:
        """The newest definition of everything that is stored, with its resolved configuration."""
        found = {part.series: self.book.definitions[part.definition] for part in self.book.parts}
        return dict(sorted(found.items()))

    def resolve(self, query: Query) -> list[SeriesId]:
        """What matches a query now. Raises ConfigError for an unknown tag."""
        return resolve(self.tags(), query)

    def recorded(self, name: str) -> Recorded:
        """The list recorded last under a name. Raises ConfigError with the names that there are."""
        for found in reversed(self.book.lists):
            if found.name == name:
                return found
        names = sorted({found.name for found in self.book.lists})
        raise ConfigError("list", name, f"one of {', '.join(names)}" if names else "a list that was recorded; none was")

    def read(
        self, series: Sequence[SeriesId] | None = None, origin: Origin | None = None, *, symbols: Sequence[str] = (),
        start: Nanos | None = None, end: Nanos | None = None, as_of: Nanos | None = None,
        recorded_by: Nanos | None = None, versions: str = "last",
    ) -> pl.DataFrame:  # fmt: skip
        """Rows with start ≤ ts_event < end, known at `as_of`, from what was stored by `recorded_by`; see `rows.STORED`.

        `versions`: the last of every row that may be seen, the first, or all. Raises CatalogError for a part that is
        missing or damaged.
        """
        if versions not in VERSIONS:
            raise ConfigError("versions", versions, f"one of {', '.join(VERSIONS)}")
        wanted = None if series is None else set(series)
        seen = [pl.lit(value=True)]
        bounds = {"as_of": as_of, "recorded_by": recorded_by, "start": start, "end": end}
        columns = {"as_of": "ts_available", "recorded_by": "ts_recorded", "start": "ts_event", "end": "ts_event"}
        for name, bound in bounds.items():
            if bound is not None:
                column = pl.col(columns[name])
                seen.append(
                    column >= bound if name == "start" else column < bound if name == "end" else column <= bound
                )
        if symbols:
            seen.append(pl.col("symbol").is_in(list(symbols)))
        parts = [
            self._rows(part).filter(*seen)
            for part in self.book.parts
            if (wanted is None or part.series in wanted)
            and (origin is None or part.origin == origin.value)
            and (as_of is None or part.known <= as_of)
            and (recorded_by is None or part.recorded <= recorded_by)
            and (start is None or part.last >= start)
            and (end is None or part.first < end)
        ]
        plain = {name: pl.String if name in (*TEXTS, "origin") else kind for name, kind in STORED.items()}
        frame = pl.concat([pl.DataFrame(schema=plain), *parts])
        if versions != "all":
            frame = counting(frame, first=versions == "first")
        return frame.cast({name: STORED[name] for name in (*TEXTS, "origin")})

    def _rows(self, part: Part) -> pl.DataFrame:
        path = self.folder / part.path
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CatalogError(f"{path}: a part of the factor store cannot be read: {error.strerror}") from error
        if len(content) != part.bytes or books.digest_of(content) != part.digest:
            raise CatalogError(
                f"{path}: a part of the factor store is damaged: {len(content)} bytes, expected {part.bytes} with the "
                f"digest {part.digest}; restore it from a copy, or store its rows anew elsewhere"
            )
        return from_bytes(content)

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def append(self, frame: pl.DataFrame, definition: Definition, origin: Origin, now: Nanos) -> Written:
        """Store output rows of one factor; `now` is when, ns UTC.

        Raises ConfigError, DataError for rows that may not be stored, CatalogError while another writer is at work,
        StorageError; then nothing was stored.
        """
        rows = checked(frame, definition.series)
        with self._writing() as before:
            self._check_section(rows, definition.series)
            fresh, corrected = self._fresh(rows, definition.series, origin)
            if not len(fresh):
                return Written(0, 0, len(rows), before.write)
            write, recorded = before.write + 1, max(now, before.recorded)  # a clock that stepped back makes no past
            part = self._put(fresh, definition, origin, write, recorded)
            self._commit(
                msgspec.structs.replace(
                    before, write=write, recorded=recorded, parts=(*before.parts, part),
                    definitions={**before.definitions, definition.digest: definition},
                )
            )  # fmt: skip
        return Written(len(fresh), corrected, len(rows) - len(fresh), write)

    def record(self, name: str, query: Query, now: Nanos) -> Recorded:
        """Resolve a query and keep the ids under a name; a later list of that name leaves this one as it is.

        Raises ConfigError where nothing matches.
        """
        with self._writing() as before:
            ids = self.resolve(query)
            if not name or not ids:
                raise ConfigError("list", name, "a name, and a query that a stored factor matches")
            plain = {key: list(values) for key, values in query.items()}
            made = Recorded(name, plain, ids, max(now, before.recorded), before.write + 1)
            self._commit(
                msgspec.structs.replace(
                    before, write=made.write, recorded=made.recorded, lists=(*before.lists, made)
                )
            )  # fmt: skip
        return made

    def stage(self, series: SeriesId, stage: str, now: Nanos) -> None:
        """Say at which stage a factor is from now on. Raises ConfigError for another stage, or what is not stored."""
        if stage not in STAGES:
            raise ConfigError("stage", stage, f"one of {', '.join(STAGES)}")
        with self._writing() as before:
            if series not in self.definitions():
                raise ConfigError("factor", " to ".join(series), "one that is stored")
            staged = Staged(*series, stage, max(now, before.recorded))
            self._commit(
                msgspec.structs.replace(
                    before, write=before.write + 1, recorded=staged.recorded, stages=(*before.stages, staged)
                )
            )  # fmt: skip

    @contextmanager
    def _writing(self) -> Iterator[Book]:
        with take_lock(self.folder):
            self.refresh()
            with storage(self.folder, _STANDS):
                (self.folder / books.PARTS).mkdir(exist_ok=True)
                books.clear(self.folder, self.book)
            yield self.book

    def _fresh(self, rows: pl.DataFrame, series: SeriesId, origin: Origin) -> tuple[pl.DataFrame, int]:
        """(rows that do not stand there already, how many of them correct one that does). Raises DataError."""
        if not len(rows):
            return rows, 0
        times = rows["ts_event"].to_numpy()
        first, last = int(times.min()), int(times.max())
        held = self.read([series], origin, start=first, end=last + 1).with_columns(pl.col(TEXTS).cast(pl.String))
        place = rows.select(KEY).with_row_index("mine").join(held.select(KEY).with_row_index("theirs"), on=KEY)
        place = place.sort("mine")
        mine, theirs = rows[place["mine"]], held[place["theirs"]]
        if not len(place):
            return rows, 0
        other = pl.Series(np.any(list(differing(mine, theirs).values()), axis=0))
        if origin is Origin.LIVE:
            told = mine.filter(other & (mine["ts_available"] <= theirs["ts_available"]))
            if len(told):
                row = told.row(0, named=True)
                raise DataError(
                    f"live row of {row['symbol']} at {row['ts_event']}: it was told otherwise, and this one was known "
                    f"no later ({row['ts_available']}); a correction has a later ts_available. Nothing was stored"
                )
        else:  # a run that began later knows less: its warm-up says nothing against what stands
            other &= mine["status"].cast(pl.String) != "warmup"
        same = place.filter(~other)["mine"]
        fresh = rows.with_row_index("mine").filter(~pl.col("mine").is_in(same.implode())).drop("mine")
        return fresh, int(other.sum())

    def _check_section(self, rows: pl.DataFrame, series: SeriesId) -> None:
        """Raise DataError where rows of a symbol are of another section than those that stand, as another basket."""
        pairs = ("symbol", "fingerprint")
        new = dict(rows.select(pairs).unique().iter_rows())
        for part in reversed(self.book.parts):  # the newest has most symbols, so that few parts are looked at
            if not new:
                return
            if part.series != series:
                continue
            for symbol, stands in self._rows(part).select(pairs).unique().iter_rows():
                mine = new.pop(symbol, stands)
                if mine != stands:
                    raise DataError(
                        f"factor rows of {symbol} to {series[1]}: their fingerprint is {mine}, of those that stand "
                        f"{stands}: they are of other symbols, weights or members. Nothing was stored; compute the "
                        "section that stands, or keep this one in another catalog"
                    )

    def _put(self, fresh: pl.DataFrame, definition: Definition, origin: Origin, write: int, recorded: int) -> Part:
        stamped = fresh.with_columns(
            pl.lit(origin.value).alias("origin"), pl.lit(recorded, pl.Int64).alias("ts_recorded"),
            pl.lit(write, pl.UInt32).alias("write"),
        )  # fmt: skip
        content = to_bytes(stamped)
        name = f"{books.PARTS}/{write:06d}-{origin.value}-{definition.factor_id[:12]}.parquet"
        with whole_file(self.folder / name, _STANDS) as draft:
            draft.write_bytes(content)
        times, known = fresh["ts_event"].to_numpy(), fresh["ts_available"].to_numpy()
        return Part(
            path=name, origin=origin.value, factor_id=definition.factor_id, benchmark=definition.tags.benchmark,
            definition=definition.digest, rows=len(fresh), bytes=len(content), digest=books.digest_of(content),
            first=int(times.min()), last=int(times.max()), known=int(known.min()), recorded=recorded, write=write,
        )  # fmt: skip

    def _commit(self, book: Book) -> None:
        books.save(self.folder, book)
        self.book = book
