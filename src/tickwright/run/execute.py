"""Parent orders × policies on a recorded day: what `tickwright execute` does.

1. Each instrument's day is read from the catalog and compiled (`run.market`); or it is a market that answers, made from
   a model and a seed (`run.reactive`).
2. Parent orders, policies, profile and gate are built from the configuration (`run.compose`) and checked against the
   day before anything runs.
3. Every policy works the same parent orders in a world of its own (`run.engine`, `run.nested`): same recorded events,
   same seed, so the same latency at the same moment.
4. Fills get their fee and the market's quote strictly before them; the ledger books them (`ledger`); the cost analysis
   explains them (`tca`) and must agree with the ledger to the last unit.
5. Costs are grouped by policy as ratios of sums; the manifest names everything that went in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.instrument import Instrument
from tickwright.core.records import ParentOrder, Schedule
from tickwright.core.time import parse_date, parse_duration
from tickwright.core.units import SECOND, Money, Nanos
from tickwright.data.backends import open_catalog
from tickwright.data.hot import default_cache
from tickwright.risk.gate import GateLimits
from tickwright.run.compose import (
    gate_of,
    parent_orders,
    policy_spec,
    profile_of,
    require_fillable_together,
    require_time_to_act,
)
from tickwright.run.config import ExecuteConfig
from tickwright.run.engine import Journal, World
from tickwright.run.guests import Guest, GuestSpec, Seated
from tickwright.run.learned import Hired, hire, learned_kernel, market_notes, noted, require_places
from tickwright.run.manifest import manifest_of
from tickwright.run.market import MarketDay, load_day
from tickwright.run.nested import NestedParent, Rest, drive
from tickwright.run.roster import Decider, Roster, rosters
from tickwright.run.shadow import Watched
from tickwright.run.undone import notes_on_order
from tickwright.strategy.intraday.follow import Walk
from tickwright.strategy.policies import PolicySpec, StackContext
from tickwright.tca.exact import Missing
from tickwright.tca.market import Market
from tickwright.tca.row import OrderTca, analyse
from tickwright.tca.venues import VenuePart, by_venue
from tickwright.venue.sim.profile import Profile

if TYPE_CHECKING:  # a replay loads nothing of it
    from tickwright.run.reactive import ReactiveDay

SEVERAL_LEVELS = "several levels planned; tracking is shown for single-level schedules only"

Progress = Callable[[str, int, int], None]
"""Called with what is being done, steps done and steps in all."""


@dataclass(frozen=True, eq=False)
class OrderResult:
    """What one policy made of one parent order: its plan, its journal, its costs."""

    policy: str
    order: ParentOrder
    journal: Journal
    schedule: Schedule | None
    ended: Nanos
    tca: OrderTca
    notes: tuple[str, ...]
    market: Market
    """What its costs are measured in: the recorded market, or a reactive one as it was with our orders in it."""
    venues: Mapping[str, VenuePart]
    """The fills by venue, where the market names any."""
    decider: Decider | None = None
    """Which trained policy decided, where it was one."""
    watched: Watched | None = None
    """What a shadow decided beside it."""


@dataclass(frozen=True, eq=False)
class RunResult:
    """Everything a run yields. `days` and `profiles` are by symbol; `results` by policy, then parent order."""

    config: ExecuteConfig
    days: dict[str, MarketDay]
    profiles: dict[str, Profile]
    results: tuple[OrderResult, ...]
    notes: tuple[str, ...]
    manifest: dict[str, Any]

    def instrument(self, symbol: str) -> Instrument:
        """The instrument of a symbol."""
        return self.days[symbol].instrument


def execute(
    config: ExecuteConfig,
    progress: Progress = lambda what, done, total: None,
    guests: Sequence[Guest] = (),
    after: Nanos | None = None,
) -> RunResult:
    """Run every policy on every parent order, and after them every guest, which the manifest does not know of.

    In a market that answers, an order sees the day from its open to its close; with `after`, only from a second before
    it begins to so long after its deadline. Fills are the same; benchmarks and markouts of another time are missing.

    Raises what the steps above raise; see `core.errors`.
    """
    date = parse_date(config.date, "--date")
    grace = parse_duration(config.grace, "grace")
    specs = [*(policy_spec(text, config.finish) for text in config.policies), *map(GuestSpec.of, guests)]
    trading = rosters(specs)
    symbols = list(dict.fromkeys(order.instrument for order in config.orders))
    days, reactive = markets(config, symbols, date, progress)
    require_places(trading, days.values())
    orders = parent_orders(config.orders, days)
    profiles = {s: profile_of(config.profile, days[s].instrument, days[s].tape.is_depth) for s in symbols}
    gates = {symbol: gate_of(config.gate, days[symbol].instrument) for symbol in symbols}
    require_time_to_act(orders, profiles)
    if reactive:
        from tickwright.run.reactive import require_own_impact

        require_own_impact(profiles)
    if config.together:
        require_fillable_together(orders, days)
    groups = [orders] if config.together else [[order] for order in orders]

    results: list[OrderResult] = []
    for spec in specs:
        for group in groups:
            progress(spec.name, len(results), len(specs) * len(orders))
            results += run_policy(config, spec, group, days, profiles, gates, grace, reactive, trading, after)
    inputs = {symbol: day.fingerprint for symbol, day in days.items()}
    profile = "+".join(dict.fromkeys(p.fingerprint for p in profiles.values()))
    notes = [*dict.fromkeys(note for day in days.values() for note in day.notes)]
    notes += [_queue_note(symbol, profiles[symbol]) for symbol, day in days.items() if day.tape.is_depth]
    if reactive:
        notes += market_notes(trading, reactive[symbols[0]].market_hash, config.market)
    manifest = manifest_of(config, inputs, profile, trading)
    return RunResult(config, days, profiles, tuple(results), tuple(notes), manifest)


def markets(
    config: ExecuteConfig, symbols: Sequence[str], date: dt.date, progress: Progress
) -> tuple[dict[str, MarketDay], dict[str, ReactiveDay]]:
    """The days of the symbols, recorded or, where the configuration names a reactive market, made; and the latter's
    markets. Raises ConfigError for several reactive markets in one world."""
    days: dict[str, MarketDay] = {}
    reactive: dict[str, ReactiveDay] = {}
    if config.market is not None:
        from tickwright.run.reactive import open_reactive

        if config.together and len(symbols) > 1:
            raise ConfigError("--together", ", ".join(symbols), "orders in one instrument, with --market")
        for done, symbol in enumerate(symbols):
            progress(f"generating {symbol}", done, len(symbols))
            reactive[symbol] = open_reactive(config.market, symbol, date, config.seed)
            days[symbol] = reactive[symbol].day
        return days, reactive
    catalog, cache = open_catalog(config.catalog), default_cache()
    for done, symbol in enumerate(symbols):
        progress(f"reading {symbol}", done, len(symbols))
        days[symbol] = load_day(catalog, symbol, date, cache)
    return days, reactive


def _queue_note(symbol: str, profile: Profile) -> str:
    return (
        f"{symbol}: the data show sizes of levels and no orders; where our orders stood in their queues is the law "
        f"{profile.queue}, an assumption"
    )


def run_policy(
    config: ExecuteConfig,
    spec: PolicySpec,
    orders: Sequence[ParentOrder],
    days: dict[str, MarketDay],
    profiles: dict[str, Profile],
    gates: dict[str, GateLimits],
    grace: Nanos,
    reactive: Mapping[str, ReactiveDay],
    trading: Mapping[str, Roster],
    after: Nanos | None = None,
) -> list[OrderResult]:
    """One policy on a group of parent orders that share one market."""
    symbols = list(dict.fromkeys(order.symbol for order in orders))
    answering = reactive.get(symbols[0])
    part = None
    if answering is not None and after is not None:
        part = answering.part(min(o.decision for o in orders) - SECOND, max(o.end for o in orders) + grace + after)
    live = None if answering is None else answering.live(part)
    world = World(
        [days[s].tape for s in symbols] if live is None else [live.opening],
        [days[s].instrument for s in symbols],
        [profiles[s] for s in symbols],
        config.seed,
        tick_kernel=_kernel_of(spec),
        live=live,
    )
    parents: list[NestedParent] = []
    hired: dict[int, Hired] = {}  # by parent: what their slots point to
    seated: list[Seated] = []
    contexts = {s: StackContext(curve=days[s].curve) for s in symbols}
    for order in orders:
        own, memory = None, None
        if isinstance(spec, GuestSpec):
            seated.append(spec.guest.seat(order, days[order.symbol], profiles[order.symbol]))
            memory = seated[-1].memory
        if spec.learned is not None:
            own = hire(trading[spec.tick_name], spec.learned, order, days[order.symbol], profiles[order.symbol])
            hired[order.parent_id] = own
            memory = own.working.memory
        slot = world.add_slot(
            symbols.index(order.symbol),
            order.side,
            order.parent_id,
            order.quantity,
            spec.tick.code,
            spec.tick.params,
            gates[order.symbol],
            on_quote=memory is None,
            tick=None if own is None else own.watch,
            memory=memory or (0,) * 8,
        )
        parents.append(NestedParent(order, spec.levels(contexts[order.symbol]), world, slot, grace))
    if answering is not None and live is not None:
        from tickwright.run.reactive import caused

        drive(world, parents)
        seen, journal = answering.seen(world, live, part), world.journal()
        settled = [settle(spec, parent, journal, seen, profiles[symbols[0]], contexts) for parent in parents]
        settled = [replace(r, tca=caused(r.tca, r.journal.fills, seen, answering.day)) for r in settled]
        return noted(settled, hired)
    rest = Rest([days[s].tape for s in symbols], others=[a for s in symbols for a in days[s].market.arrays()])
    rest.take()  # what loading looked through
    drive(world, parents, rest=rest)
    rest.take()
    journal = world.journal()
    settled = [
        settle(spec, parent, journal, days[parent.order.symbol], profiles[parent.order.symbol], contexts)
        for parent in parents
    ]
    return noted(settled, hired)


def _kernel_of(spec: PolicySpec) -> Any:
    if isinstance(spec, GuestSpec):
        return spec.guest.kernel
    return None if spec.learned is None else learned_kernel()


def settle(
    spec: PolicySpec,
    parent: NestedParent,
    journal: Journal,
    day: MarketDay,
    profile: Profile,
    contexts: dict[str, StackContext],
) -> OrderResult:
    """A parent's part of the journal, with fees and quotes, and its cost analysis."""
    order = parent.order
    own = of_parent(journal, order.parent_id)
    complete_fills(own.fills, day, profile)
    ended = end_of(order, own)
    schedule = whole_plan(parent)
    tca = analyse(
        order, day.instrument, own.fills, own.events, own.commands, own.verdicts, day.market, ended, schedule, spec.name
    )
    if schedule is None and any(isinstance(state, Walk) for state in parent.states):
        tca = replace(tca, quality=replace(tca.quality, tracking_square=Missing(SEVERAL_LEVELS)))
    notes = (*spec.notes(contexts[order.symbol]), *notes_on_order(spec, order, own, day))
    venues = by_venue(order.side, own.fills, day.market, [v.name for v in day.venues], day.instrument.half_tick_value)
    return OrderResult(spec.name, order, own, schedule, ended, tca, notes, day.market, venues)


def whole_plan(parent: NestedParent) -> Schedule | None:
    """The plan of the parent's whole quantity over its whole time; None where levels are nested or there is no plan.

    An inner level plans each mandate anew from what is left by then, so its last plan is not the order's.
    """
    states, order = parent.states, parent.order
    if len(states) != 1 or not isinstance(states[0], Walk):
        return None
    mandate = states[0].mandate
    whole = (mandate.quantity, mandate.start, mandate.deadline) == (order.quantity, order.start, order.end)
    return states[0].plan if whole else None


def of_parent(journal: Journal, parent: int) -> Journal:
    """The rows of a journal that belong to one parent order."""
    commands = journal.commands[journal.commands["parent"] == parent]
    return Journal(
        commands,
        journal.verdicts[np.isin(journal.verdicts["command_id"], commands["command_id"])],
        journal.events[journal.events["parent"] == parent],
        journal.fills[journal.fills["parent"] == parent],
    )


def complete_fills(fills: np.ndarray, day: MarketDay, profile: Profile) -> None:
    """Write the fee, and the market's last quote strictly before each fill; the kernel left the displacement there."""
    quotes = day.market.quotes
    before = np.searchsorted(day.market.quote_columns.ts, fills["ts_exchange"], side="left") - 1
    for name in ("bid", "ask"):
        fills[name] += np.where(before >= 0, quotes[name][np.maximum(before, 0)], 0)
    fills["fee"] = [fee_of(fill, day, profile) for fill in fills]


def fee_of(fill: np.void, day: MarketDay, profile: Profile) -> Money:
    """What a fill costs: by the profile, and at its venue where the market names any."""
    liquidity, size = int(fill["liquidity"]), int(fill["size"])
    place = max(int(fill["venue"]) - 1, 0)
    if day.venues and day.venues[place].dark:
        rest = int(fill["side"]) * int(fill["half"]) * day.instrument.half_tick_value
        return day.venues[place].of(day.instrument, liquidity, size) + rest
    fee = profile.fees.of(day.instrument, liquidity, int(fill["price"]), size)
    if day.venues:
        fee += day.venues[place].of(day.instrument, liquidity, size)
    return fee


def end_of(order: ParentOrder, journal: Journal) -> Nanos:
    """When an order ended: its last fill if that completed it, else its deadline or the last report after it."""
    if int(journal.fills["size"].sum()) == order.quantity:
        return int(journal.fills["ts_exchange"].max())
    return max(order.end, int(journal.events["ts_exchange"].max(initial=0)))
