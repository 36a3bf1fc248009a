"""One simulated world: the arrays that the loop runs on, and the journal of what happened in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tickwright.book.layout import BOOK, LADDER
from tickwright.book.tape import Tape, centre_of
from tickwright.core.errors import CapacityError, ConfigError, InternalError
from tickwright.core.instrument import Instrument
from tickwright.core.layout import from_rows, to_rows
from tickwright.core.records import COMMAND, FILL, ORDER_EVENT, VERDICT, Intent, Mandate, Observation
from tickwright.core.rng import derive
from tickwright.core.units import Lots, Nanos
from tickwright.risk.gate import GateLimits
from tickwright.run.layout import CONTROL, DESK, NEVER, SLOT, LoopError, Stop
from tickwright.run.loop import advance, carry_out, look, prepare
from tickwright.strategy.levels import MarketView
from tickwright.strategy.tick.custom import no_kernel
from tickwright.venue.sim.layout import MAX_HANDLES, SIM, WIRE, WireError
from tickwright.venue.sim.profile import Profile

if TYPE_CHECKING:  # a replay loads nothing of it
    from tickwright.run.live import LiveMarket


@dataclass(frozen=True, slots=True)
class Journal:
    """Everything that left or reached the desk, as rows of COMMAND, VERDICT, ORDER_EVENT and FILL, in order of time."""

    commands: np.ndarray
    verdicts: np.ndarray
    events: np.ndarray
    fills: np.ndarray


class PythonTick(Protocol):
    """An uncompiled tick level: the same interface as a kernel, called by the shell."""

    def __call__(self, params: Sequence[float], memory: np.ndarray, obs: Observation) -> Intent | tuple[int, ...]:
        """What to do on an observation: an Intent, or its fields as a compiled level gives them, five or six."""


_CONTROL_JOURNALS = (("command_journal", "command_count", COMMAND), ("verdict_journal", "verdict_count", VERDICT))
_WIRE_JOURNALS = (("events", "event_count", ORDER_EVENT), ("fills", "fill_count", FILL))


class World:
    """Instruments with their recorded events, slots with their tick levels, and one clock.

    Parameters
    ----------
    tapes, instruments
        Recorded events and what they are of, one each.
    profile
        The assumptions of the simulated venue; or one an instrument, where they differ in the queue law. Latency is the
        first one's.
    seed
        Of the run; the latency draws follow from it.
    tick_kernel
        A compiled tick level of the user's own (`strategy.tick.custom`), asked for slots of code CUSTOM.
    live
        The reactive market that the one instrument is; `tapes` is its opening book.
    """

    def __init__(
        self,
        tapes: Sequence[Tape],
        instruments: Sequence[Instrument],
        profile: Profile | Sequence[Profile],
        seed: int,
        tick_kernel: Any = None,
        live: LiveMarket | None = None,
    ) -> None:
        count = len(tapes)
        self._tick_kernel = no_kernel() if tick_kernel is None else tick_kernel
        if count == 0 or count != len(instruments):
            raise ConfigError("tapes", count, f"one for each of {len(instruments)} instruments, at least one")
        profiles = [profile] * count if isinstance(profile, Profile) else list(profile)
        if len(profiles) != count:
            raise ConfigError("profile", len(profiles), f"one for each of {count} instruments, or one for all")
        rows = [tape.rows for tape in tapes]
        self._tape = rows[0] if count == 1 else np.concatenate(rows)
        ends = np.cumsum([len(r) for r in rows])
        apart = live.venues if live is not None and live.venues > 1 else 0
        self._books, self._ladders = np.zeros(count, BOOK), np.zeros(count + apart, LADDER)
        self._sims, self._desks = np.zeros(count, SIM), np.zeros(count, DESK)
        self._slots = np.zeros(MAX_HANDLES, SLOT)
        self._wires, self._controls = np.zeros(1, WIRE), np.zeros(1, CONTROL)
        self._sims["end"] = ends
        self._sims["origin"] = self._sims["cursor"] = self._desks["cursor"] = ends - [len(r) for r in rows]
        self._desks["half_tick_value"] = [i.half_tick_value for i in instruments]
        self._controls["instruments"] = count
        profiles[0].latency.load(self._wires, derive(seed, "latency"))
        for k, (tape, own) in enumerate(zip(tapes, profiles, strict=True)):
            own.load_overlay(self._sims[k : k + 1])
            own.load_overlay(self._desks[k : k + 1])
            own.load_queue(self._sims[k : k + 1], tape.is_depth)
            prepare(self._books, self._ladders, k, centre_of(tape.rows))
        self._live = live
        if live is not None:
            if count != 1:
                raise ConfigError("instruments", count, "one, where it is a reactive market")
            self._tape = live.begin(self._sims, self._wires)
            self._desks["venues"], self._desks["pool"] = apart, live.pool
        self._journals: dict[str, list[np.ndarray]] = {name: [] for name, _, _ in _CONTROL_JOURNALS + _WIRE_JOURNALS}
        self._ticks: dict[int, PythonTick] = {}

    @property
    def now(self) -> Nanos:
        """The time that the world has reached."""
        return int(self._controls["now"][0])

    @property
    def slot(self) -> int:
        """The slot that the last Stop was about."""
        return int(self._controls["slot"][0])

    @property
    def books(self) -> np.ndarray:
        """The recorded books (BOOK rows), one an instrument, as of now."""
        return self._books

    def add_slot(
        self,
        instrument: int,
        side: int,
        parent: int,
        parent_quantity: Lots,
        code: int,
        params: Sequence[float],
        limits: GateLimits,
        *,
        on_quote: bool = True,
        notify: bool = True,
        tick: PythonTick | None = None,
        memory: Sequence[int] = (0,) * 8,
    ) -> int:
        """Give a parent order a place for its child orders; returns the slot.

        `code` is a `TickCode` or CUSTOM, or `tick` an uncompiled tick level; `memory` is what its
        memory begins with. Raises CapacityError beyond 256 slots.
        """
        s = int(self._controls["slots"][0])
        if s >= MAX_HANDLES:
            raise CapacityError(f"more than {MAX_HANDLES} parent orders at once")
        row = self._slots[s : s + 1]
        row["instrument"], row["side"], row["parent"], row["parent_quantity"] = (
            instrument,
            side,
            parent,
            parent_quantity,
        )
        row["code"] = -1 if tick is not None else code
        row["params"], row["on_quote"], row["notify"], row["wake"] = params, on_quote, notify, NEVER
        row["memory"] = memory
        row["limits"] = to_rows(GateLimits, [limits])
        if tick is not None:
            self._ticks[s] = tick
        if on_quote:
            self._desks["watched"][instrument] = 1
        self._controls["slots"] = s + 1
        return s

    def begin(self, s: int) -> None:
        """Count the market's volume for slot `s` from now."""
        self.view(s)
        self._slots["volume_before"][s] = self._desks["volume"][self._slots["instrument"][s]]

    def mandate(self, s: int, mandate: Mandate) -> None:
        """Put a mandate in force for slot `s` and have its tick level asked now."""
        row = self._slots[s : s + 1]
        row["target"], row["done"], row["start"], row["deadline"] = mandate.quantity, 0, mandate.start, mandate.deadline
        row["final"], row["limited"] = mandate.final, mandate.limit is not None
        row["limit"] = 0 if mandate.limit is None else mandate.limit
        row["wake"] = self.now

    def filled(self, s: int) -> Lots:
        """Lots of the parent known to be filled."""
        return int(self._slots["parent_filled"][s])

    def open(self, s: int) -> Lots:
        """Lots in the child order of a slot that may still trade, as far as the desk knows."""
        row = self._slots[s]
        return int(row["quantity"] - row["filled"]) if 1 <= row["state"] <= 4 else 0

    def view(self, s: int) -> MarketView:
        """The market of a slot as the desk sees it now."""
        look(self._tape, self._ladders, self._sims, self._wires, self._controls, self._desks, self._slots, s)
        obs = self._controls["observation"][0]
        return MarketView(
            now=int(obs["now"]), quoted=bool(obs["quoted"]), bid=int(obs["bid"]), ask=int(obs["ask"]),
            bid_size=int(obs["bid_size"]), ask_size=int(obs["ask_size"]), volume=int(obs["volume"]),
        )  # fmt: skip

    def advance(self, until: Nanos | None) -> Stop:
        """Run until a timer, a report or the end needs the shell; journals and Python ticks are seen to here."""
        bound = NEVER if until is None else until
        desk = self._wires, self._controls, self._desks, self._slots
        while True:
            world = self._tape, self._books, self._ladders, self._sims
            own_turn, live = (self._live.pointer, self._live.arrays) if self._live else (None, None)
            stop = Stop(advance(*world, *desk, self._tick_kernel, own_turn, live, bound))
            if stop is Stop.DRAIN:
                self._drain()
            elif stop is Stop.ROOM and self._live is not None:
                self._tape = self._live.grow()
            elif stop is Stop.ASK:
                self._ask()
            elif stop is Stop.ERROR:
                raise self._error()
            else:
                return stop

    def journal(self) -> Journal:
        """Everything so far."""
        self._drain()
        parts = {
            name: np.concatenate(self._journals[name]) if self._journals[name] else np.zeros(0, dtype)
            for name, _, dtype in _CONTROL_JOURNALS + _WIRE_JOURNALS
        }
        return Journal(parts["command_journal"], parts["verdict_journal"], parts["events"], parts["fills"])

    def _ask(self) -> None:
        s = self.slot
        obs = from_rows(Observation, self._controls["observation"])[0]
        row = self._slots[s : s + 1]
        answer = self._ticks[s](row["params"][0].tolist(), row["memory"][0], obs)
        kind, price, size, post_only, wake, *named = astuple(answer) if isinstance(answer, Intent) else answer
        venue = int(named[0]) if named else 0
        desk = self._controls, self._wires, self._desks, self._slots
        carry_out(*desk, s, int(kind), price, size, int(post_only), wake, venue)

    def _drain(self) -> None:
        for array, journals in ((self._controls, _CONTROL_JOURNALS), (self._wires, _WIRE_JOURNALS)):
            for name, count, _ in journals:
                used = int(array[count][0])
                if used:
                    self._journals[name].append(array[name][0, :used].copy())
                    array[count] = 0

    def _error(self) -> Exception:
        wire, loop = WireError(self._wires["error"][0]), LoopError(self._controls["error"][0])
        if wire in (WireError.TAKEN_FULL, WireError.RESTING_FULL):
            return CapacityError(f"the simulated venue ran out of room: {wire.name.lower()}")
        if wire is WireError.MARKET and self._live is not None:
            return CapacityError(f"the reactive market stopped at {self.now} ns: {self._live.fault.name.lower()}")
        return InternalError(f"the loop stopped at {self.now} ns: venue {wire.name}, desk {loop.name}")
