"""`tickwright factors features`: a day of features into a file."""

from __future__ import annotations

from pathlib import Path

from tickwright.app import first_use
from tickwright.core.errors import ConfigError
from tickwright.core.time import parse_date
from tickwright.data.backends import open_catalog
from tickwright.data.store.disk import whole_file
from tickwright.factors.features.columns import TWENTY
from tickwright.factors.features.feed import FeatureConfig
from tickwright.run.features import book_features

_SUFFIXES = (".parquet", ".csv")


def write(
    path: str, symbol: str, date: str, features: str | None, bars: str, price: str, session: str, out: Path
) -> None:
    """One row an event or a bar. Raises ConfigError for names that there are not, before anything is read."""
    if out.suffix not in _SUFFIXES:
        raise ConfigError("--out", str(out), f"a name that ends in {' or '.join(_SUFFIXES)}")
    names = TWENTY if features is None else tuple(features.split(","))
    FeatureConfig(names, bars, price, session)
    day = parse_date(date, "--date")
    first_use.say(*first_use.FEATURES)
    frame = book_features(open_catalog(path), symbol, day, names, bars=bars, price=price, session=session)
    with whole_file(out) as draft:
        if out.suffix == ".csv":
            frame.write_csv(draft)
        else:
            frame.write_parquet(draft, compression="zstd", statistics=True)
    print(f"{out}: {len(frame):,} {'bars' if bars else 'events'}, {', '.join(names)}")
