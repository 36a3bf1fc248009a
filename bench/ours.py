"""Tickwright on the flow: the bare L3 book, and the engine without orders and quoting both sides."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from bench import quoting
from bench.settings import ENTRY_LATENCY, RESPONSE_LATENCY, STEP, WARM_ROWS, touch_memory
from tickwright.book.tape import Tape, compile_tape
from tickwright.core.events import MARKET_EVENT, Action, Side
from tickwright.core.instrument import Instrument
from tickwright.core.records import CommandKind, Mandate
from tickwright.core.units import BUY, SELL
from tickwright.risk.gate import GateLimits
from tickwright.run.engine import World
from tickwright.strategy.tick.custom import CUSTOM, tick_kernel
from tickwright.venue.sim.latency import Latency
from tickwright.venue.sim.profile import Profile

PLENTY = 1 << 40
"""lots: a parent that one-lot quotes never finish."""


def _load(folder: str) -> tuple[np.ndarray, float]:
    began = time.process_time()
    events = np.load(Path(folder) / "events.npy")
    return events, time.process_time() - began


def book(folder: str) -> dict[str, Any]:
    """Replay of the compiled tape through one L3 book, nothing else → CPU seconds, and the tape's compiling apart.

    The least that any engine must do; hftbacktest has no such mode, so its ratio flatters.
    """
    from tickwright.book.layout import BOOK, check_code
    from tickwright.book.replay import replay, reset_book

    events, load = _load(folder)
    centre = int(events["price"][0])
    books = np.zeros(1, BOOK)

    began = time.process_time()
    warm = compile_tape(events[:WARM_ROWS]).rows
    reset_book(books, 0, centre)
    replay(books, 0, warm)
    reset_book(books, 0, centre)
    compiling = time.process_time() - began

    touch_memory(len(events))
    began = time.process_time()
    tape = compile_tape(events).rows
    tape_cpu = time.process_time() - began
    wall, began = time.perf_counter(), time.process_time()
    applied, code = replay(books, 0, tape)
    cpu, wall = time.process_time() - began, time.perf_counter() - wall
    check_code(int(code), f"row {applied}")
    ladder = books[0]["ladder"]
    return {
        "cpu_s": cpu, "wall_s": wall, "tape_s": tape_cpu, "rows": len(events), "tape_rows": int(applied),
        "fills": 0, "last_bid": float(ladder["best"][0]), "last_ask": float(ladder["best"][1]),
        "load_s": load, "compile_s": compiling,
    }  # fmt: skip


def engine(folder: str, strategy: str) -> dict[str, Any]:
    """The whole engine on the same tape → CPU seconds from the first event to the last.

    `idle` has nobody at the desk; `watch` has a tick level a side that looks every step and does nothing, which keeps
    the desk's book up to date as hftbacktest always does; `quote` works one lot a side.
    """
    events, load = _load(folder)
    wall, began = time.perf_counter(), time.process_time()
    world = _world(compile_tape(events[:WARM_ROWS]), strategy)
    world.advance(None)
    world.journal()
    compiling, compiling_wall = time.process_time() - began, time.perf_counter() - wall

    touch_memory(len(events))
    began = time.process_time()
    tape = compile_tape(events)
    tape_cpu = time.process_time() - began
    began = time.process_time()
    world = _world(tape, strategy)
    build = time.process_time() - began
    wall, began = time.perf_counter(), time.process_time()
    world.advance(None)
    cpu, wall = time.process_time() - began, time.perf_counter() - wall
    journal = world.journal()
    kinds = journal.commands["kind"]
    ladder = world.books[0]["ladder"]
    return {
        "cpu_s": cpu, "wall_s": wall, "tape_s": tape_cpu, "build_s": build, "rows": len(events),
        "sent": int((kinds == int(CommandKind.NEW)).sum()), "replaced": int((kinds == int(CommandKind.REPLACE)).sum()),
        "fills": len(journal.fills), "last_bid": float(ladder["best"][0]), "last_ask": float(ladder["best"][1]),
        "load_s": load, "compile_s": compiling, "compile_wall_s": compiling_wall,
    }  # fmt: skip


def fills(events: np.ndarray) -> list[tuple[int, int, int]]:
    """Every fill of the quoting strategy: (exchange time, side, price in ticks). For tests."""
    world = _world(compile_tape(events), "quote")
    world.advance(None)
    rows = world.journal().fills
    return [(int(r["ts_exchange"]), int(r["side"]), int(r["price"])) for r in rows]


def ready(rows: int) -> dict[str, Any]:
    """Import the engine, compile or load its kernels, and replay `rows` orders: what a command does before it works."""
    events = np.zeros(rows, MARKET_EVENT)
    events["ts_event"] = events["ts_recv"] = np.arange(rows)
    events["order_id"], events["size"], events["action"] = np.arange(rows) + 1, 1, int(Action.ADD)
    bids = np.arange(rows) % 2 == 0
    events["side"] = np.where(bids, int(Side.BID), int(Side.ASK))
    events["price"] = np.where(bids, 100, 200)
    world = World([compile_tape(events)], [Instrument("FLOW", "BENCH", "USD", Decimal(1))], Profile(), seed=1)
    world.advance(None)
    return {"rows": rows, "last_bid": float(world.books[0]["ladder"]["best"][0])}


def _world(tape: Tape, strategy: str) -> World:
    latency = Latency(entry=(ENTRY_LATENCY,), response=(RESPONSE_LATENCY,))
    instrument = Instrument("FLOW", "BENCH", "USD", Decimal(1))
    world = World([tape], [instrument], Profile(latency=latency), seed=1, tick_kernel=tick_kernel(quoting.decide))
    if strategy == "idle":
        return world
    params = [float(STEP), float(strategy == "quote"), *[0.0] * 6]
    start, end = int(tape.rows["ts_event"][0]), int(tape.rows["ts_event"][-1])
    for side in (BUY, SELL):
        slot = world.add_slot(0, side, 1, PLENTY, CUSTOM, params, GateLimits(), on_quote=False, notify=False)
        world.mandate(slot, Mandate("FLOW", side, PLENTY, start, end))
    return world
