"""A catalog by its address, whatever stores it."""

from __future__ import annotations

from pathlib import Path

from tickwright.data.catalog import Catalog
from tickwright.data.port import TickCatalog
from tickwright.data.store.versions import Clock

_ARCTIC = "lmdb:"

Place = Path | str | TickCatalog
"""A folder, an address, or an open catalog."""


def open_catalog(where: Path | str, version: int | None = None, *, clock: Clock | None = None) -> TickCatalog:
    """The catalog at a folder or an address, now or as of a version. Raises CatalogError, ConfigError."""
    if str(where).startswith(_ARCTIC):
        from tickwright.data.arctic.catalog import ArcticCatalog

        return ArcticCatalog.open(where, version, clock=clock)
    return Catalog.open(where, version, clock=clock)


def create_catalog(where: Place, *, clock: Clock | None = None, append: bool = False) -> TickCatalog:
    """The catalog at a folder or an address that may yet be empty; an open one hands on its place and its clock.
    Raises CatalogError, ConfigError."""
    if not isinstance(where, (str, Path, Catalog)):
        return where
    if str(where).startswith(_ARCTIC):
        from tickwright.data.arctic.catalog import ArcticCatalog

        return ArcticCatalog.create(str(where), clock=clock, append=append)
    return Catalog.create(where, clock=clock, append=append)
