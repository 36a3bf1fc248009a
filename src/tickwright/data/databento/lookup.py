"""The instruments of one file: asked for once a symbol, each with what is known of its tick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from tickwright.core.errors import ConfigError
from tickwright.core.instrument import Instrument
from tickwright.data.databento.contracts import instrument_for
from tickwright.data.databento.definitions import Definitions
from tickwright.data.port import TickCatalog
from tickwright.data.store.definition import assumed


@dataclass(slots=True)
class Lookup:
    """The instrument of a symbol of one file; called once a symbol."""

    catalog: TickCatalog
    dataset: str
    tick: Decimal | None
    definitions: Definitions | None
    replace: bool
    observe: Callable[[], dict[str, tuple[int, int]]]
    """Looks at the prices of the file, where nothing else says what a tick is."""
    of_itself: bool = False
    """Whether the file is the one of the definitions: then what it states comes before the tick given."""
    observed: dict[str, tuple[int, int]] | None = None
    found: dict[str, Instrument] = field(default_factory=dict)

    def __call__(self, symbol: str) -> Instrument:
        """Raises ConfigError, CatalogError, UsageError as `instrument_for` does."""
        stored = {i.symbol: i for i in self.catalog.instruments()}
        # With `replace` a wrong tick size may be put right: then the catalog's counts only when nothing else is said.
        said = self.tick is not None or self.definitions is not None
        known = None if self.replace and said else stored.get(symbol)
        supposed = known if known is not None and assumed(known) else None
        if supposed is not None:
            known = None  # a mapping's assumption is no fact: it counts when nothing else tells
        tick, definitions = self.tick, self.definitions
        if self.of_itself and definitions is not None:
            own = definitions.by_symbol.get(symbol)
            # What a capture does not define is like what a file without definitions holds.
            tick, definitions = (tick, None) if own is None else (None if own.tick_size else tick, definitions)
        facts = {"tick_size": tick, "known": known, "definitions": definitions}
        try:
            instrument = instrument_for(symbol, self.dataset, **facts)  # type: ignore[arg-type]
        except ConfigError as error:
            if error.parameter != "tick size":
                raise
            if supposed is not None:
                facts["known"] = supposed
            elif self.observed is None:
                self.observed = self.observe()
            seen = (self.observed or {}).get(symbol)
            instrument = instrument_for(symbol, self.dataset, observed=seen, **facts)  # type: ignore[arg-type]
        self.found[symbol] = instrument
        return instrument

    def notes(self) -> list[str]:
        """What each instrument was taken to be, and from where."""
        return [f"{i.symbol}: tick {i.tick_size}, multiplier {i.multiplier} ({i.source})" for i in self.found.values()]
