"""The one scheduler: the earliest thing happens next, and ties have a written order.

At every turn the loop takes the earliest of

1. market data at the exchange          (`venue.sim.exchange.on_market`)
2. a command reaching the exchange      (`venue.sim.exchange.on_command`)
3. market data at the desk              (`run.desk.receive`)
4. a report reaching the desk           (`run.desk.hear`)
5. a timer of a level above the ticks   (returns to the shell: `run.nested`)
6. a timer of a tick level              (`run.desk.observe`, `strategy.tick.dispatch`, `run.desk.act`)

and of equals the one that stands first in this list; among instruments and among slots the lower index first. Outer
levels therefore decide before inner ones, and everything decides on what was known strictly no later than now.
Market data at the desk are received in the same order; where no tick level waits for quotes they are received all at
once, when somebody looks.

In a reactive market 1 is no row of a tape that is there already: the market goes on by itself, up to the next thing
that may concern it, and its rows join the tape as they happen; 2 acts in its book. The loop is compiled apart for it.
"""

from typing import Any

import numpy as np

from tickwright.book.l3 import reset
from tickwright.book.ladder import wipe
from tickwright.book.layout import Int, Record, Rows
from tickwright.core.kernel import inline, kernel
from tickwright.run.desk import PULL, act, hear, observe, run_receipts
from tickwright.run.layout import JOURNAL, JOURNAL_MARGIN, NEVER, Stop
from tickwright.strategy.tick.custom import CUSTOM
from tickwright.strategy.tick.dispatch import decide
from tickwright.venue.sim.exchange import on_command, on_market
from tickwright.venue.sim.layout import JOURNAL as WIRE_JOURNAL
from tickwright.venue.sim.layout import JOURNAL_MARGIN as WIRE_MARGIN
from tickwright.venue.sim.layout import NO_COMMAND, RING

_TIMER, _REPORT, _ASK = int(Stop.TIMER), int(Stop.REPORT), int(Stop.ASK)
_DRAIN, _END, _ERROR, _ROOM = int(Stop.DRAIN), int(Stop.END), int(Stop.ERROR), int(Stop.ROOM)


@inline(borrow=True)
def next_market(control: Record, sims: Rows, tape: Rows) -> tuple[Int, Int]:
    """(time, instrument) of the next recorded event at the exchange."""
    earliest, which = np.int64(NEVER), 0
    for k in range(control.instruments):
        sim = sims[k]
        if sim.cursor < sim.end and tape[sim.cursor].ts_event < earliest:
            earliest, which = tape[sim.cursor].ts_event, k
    return earliest, which


@inline(borrow=True)
def next_receipt(control: Record, sims: Rows, desks: Rows, tape: Rows, feed: Int) -> tuple[Int, Int]:
    """(time, instrument) of the next recorded event at the desk that somebody waits for."""
    earliest, which = np.int64(NEVER), 0
    for k in range(control.instruments):
        desk = desks[k]
        if desk.watched != 0 and desk.cursor < sims[k].end:
            at = tape[desk.cursor].ts_recv + feed
            if at < earliest:
                earliest, which = at, k
    return earliest, which


@inline(borrow=True)
def next_slot(control: Record, slots: Rows) -> tuple[Int, Int]:
    """(time, slot) of the next timer of a tick level."""
    earliest, which = np.int64(NEVER), 0
    for s in range(control.slots):
        if slots[s].wake < earliest:
            earliest, which = slots[s].wake, s
    return earliest, which


@inline(borrow=True)
def run_market(control: Record, wire: Record, sim: Record, book: Record, tape: Rows, bound: Int) -> None:
    """Recorded events of one instrument at the exchange, up to and including `bound`, until one of them fills us."""
    sent = wire.report_tail
    while sim.cursor < sim.end:
        row = tape[sim.cursor]
        if row.ts_event > bound:
            return
        sim.cursor += 1
        on_market(wire, sim, book, row, sim.cursor - 1 - sim.origin)
        if wire.report_tail != sent or wire.error != 0:
            return


@inline(borrow=True)
def turn(own_turn: Any, live: Any, tape: Rows, sims: Rows, wires: Rows, command: Int, bound: Int) -> None:
    """`venue.sim.reactive.live.turn` by its pointer: the loop need not know the market's layout."""
    market, params, lives, requests, events, births = live
    own_turn(market, params, lives, requests, events, births, tape, sims, wires, command, bound)


@kernel(borrow=True)
def advance(
    tape: Rows,
    books: Rows,
    ladders: Rows,
    sims: Rows,
    wires: Rows,
    controls: Rows,
    desks: Rows,
    slots: Rows,
    own_decide: Any,
    own_turn: Any,
    live: Any,
    until: Int,
) -> Int:
    """Let the world run until the shell is needed: returns a `Stop`.

    Parameters are arrays: `tape` (TAPE rows of all instruments, one after the other), `books` (BOOK) and `ladders`
    (LADDER), `sims` (SIM) and `desks` (DESK) by instrument, `wires` (WIRE) and `controls`
    (CONTROL) of one row, `slots` (SLOT). `own_decide` is a `strategy.tick.custom` kernel, asked for slots of code
    CUSTOM. Where the one instrument is a reactive market, `own_turn` and `live` are its `run.live.LiveMarket.pointer`
    and `.arrays`; in a replay both are None. `until` is the earliest timer of the levels above, ns, or NEVER.
    """
    wire, control = wires[0], controls[0]
    feed = wire.feed
    while True:
        if wire.error != 0 or control.error != 0:
            return _ERROR
        if wire.fill_count > WIRE_JOURNAL - WIRE_MARGIN or wire.event_count > WIRE_JOURNAL - WIRE_MARGIN:
            return _DRAIN
        if control.command_count > JOURNAL - JOURNAL_MARGIN:
            return _DRAIN
        if live is None:
            t_market, k = next_market(control, sims, tape)
        else:
            if sims[0].end + sims[0].room > tape.shape[0]:
                return _ROOM
            t_market, k = sims[0].due, 0
        t_command = (
            wire.commands[wire.command_head % RING].ts_arrives if wire.command_tail > wire.command_head else NEVER
        )
        t_receipt, k_desk = next_receipt(control, sims, desks, tape, feed)
        t_report = wire.reports[wire.report_head % RING].ts_desk if wire.report_tail > wire.report_head else NEVER
        t_slot, s = next_slot(control, slots)

        after_receipt = min(t_report, until, t_slot)
        after_command = min(t_receipt, after_receipt)
        after_market = min(t_command, after_command)
        if t_market <= after_market and t_market < NEVER:
            bound = after_market
            if control.instruments > 1:
                for other in range(control.instruments):
                    if other != k and sims[other].cursor < sims[other].end:
                        ahead = tape[sims[other].cursor].ts_event - (1 if other < k else 0)
                        bound = min(bound, ahead)
            if live is None:
                run_market(control, wire, sims[k], books[k], tape, bound)
            else:
                if desks[0].watched != 0:  # what happens may be seen, and so answered, from here on
                    bound = min(bound, t_market + feed)
                turn(own_turn, live, tape, sims, wires, np.int64(NO_COMMAND), bound)
            control.now = max(control.now, t_market)
        elif t_command <= after_command and t_command < NEVER:
            control.now = t_command
            c = wire.commands[wire.command_head % RING]
            if live is None:
                on_command(wire, sims[c.instrument], books[c.instrument], c)
            else:
                turn(own_turn, live, tape, sims, wires, wire.command_head, t_command)
            wire.command_head += 1
            if wire.command_head == wire.command_tail:  # an empty ring begins anew, so that its memory stays in cache
                wire.command_head = wire.command_tail = 0
        elif t_receipt <= after_receipt and t_receipt < NEVER:
            control.now = t_receipt
            # Market data at the exchange go before market data at the desk, so stop just before the next of them.
            bound = min(after_receipt, t_market - 1, t_command - 1)
            if control.instruments > 1:
                bound = t_receipt
            run_receipts(control, slots, k_desk, sims[k_desk], desks[k_desk], ladders, tape, feed, bound, True)
        elif t_report <= min(until, t_slot) and t_report < NEVER:
            control.now = t_report
            report = wire.reports[wire.report_head % RING]
            s = hear(control, wire, slots, desks, sims, tape, report)
            wire.events[wire.event_count] = report
            wire.event_count += 1
            wire.report_head += 1
            if wire.report_head == wire.report_tail:
                wire.report_head = wire.report_tail = 0
            if slots[s].notify != 0:
                control.slot = s
                return _REPORT
        elif until <= t_slot:
            if until >= NEVER:
                return _END
            control.now = until
            return _TIMER
        else:
            control.now = t_slot
            k = slots[s].instrument
            run_receipts(control, slots, k, sims[k], desks[k], ladders, tape, feed, t_slot, False)
            observe(control.observation, slots[s], desks[k], ladders, t_slot)
            slots[s].wake = NEVER
            if control.observation.remaining == 0:
                # With nothing to do no child may stand, whatever the level would say; it is asked again with a mandate.
                act(control, wire, slots, s, desks[k].half_tick_value, PULL, 0, 0, 0, 0, 0)
                continue
            if slots[s].code < 0:
                control.slot = s
                return _ASK
            venue = np.int64(0)
            if slots[s].code == CUSTOM:
                kind, price, size, post_only, wake, venue = own_decide(
                    slots[s].params, slots[s].memory, control.observation
                )
            else:
                kind, price, size, post_only, wake = decide(
                    slots[s].code, slots[s].params, slots[s].memory, control.observation
                )
            act(control, wire, slots, s, desks[k].half_tick_value, kind, price, size, post_only, wake, venue)


@kernel(borrow=True)
def prepare(books: Rows, ladders: Rows, k: Int, centre: Int) -> None:
    """Empty the book and the desk's ladder of instrument `k`, centred on a price in ticks, and where `ladders` has more
    rows than there are books, those of its venues too."""
    reset(books[k], centre)
    wipe(ladders[k], centre)
    for v in range(books.shape[0], ladders.shape[0]):
        wipe(ladders[v], centre)


@kernel(borrow=True)
def look(tape: Rows, ladders: Rows, sims: Rows, wires: Rows, controls: Rows, desks: Rows, slots: Rows, s: Int) -> None:
    """Fill `control.observation` for slot `s` as the desk sees the market now."""
    control = controls[0]
    k = slots[s].instrument
    run_receipts(control, slots, k, sims[k], desks[k], ladders, tape, wires[0].feed, control.now, False)
    observe(control.observation, slots[s], desks[k], ladders, control.now)


@kernel(borrow=True)
def carry_out(
    controls: Rows,
    wires: Rows,
    desks: Rows,
    slots: Rows,
    s: Int,
    kind: Int,
    price: Int,
    size: Int,
    post_only: Int,
    wake: Int,
    venue: Int,
) -> None:
    """Carry out an intent that an uncompiled tick level decided on `control.observation`."""
    half_tick_value = desks[slots[s].instrument].half_tick_value
    act(controls[0], wires[0], slots, s, half_tick_value, kind, price, size, post_only, wake, venue)
