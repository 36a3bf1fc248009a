"""What the notes of an order say of commands that the gate refused, and of what was left undone and why.

The reasons are those that the journal, the market and the policy's own law show; several may hold at once, and none
claims a share of the quantity.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tickwright.core.layout import from_rows
from tickwright.core.records import (
    CommandKind,
    OrderEventKind,
    ParentOrder,
    Reason,
    Refusal,
    Verdict,
)
from tickwright.risk.verdicts import explain
from tickwright.run.engine import Journal
from tickwright.run.market import MarketDay
from tickwright.strategy.intraday.pov import Pov
from tickwright.strategy.options import duration_text
from tickwright.strategy.policies import PolicySpec


def notes_on_order(spec: PolicySpec, order: ParentOrder, own: Journal, day: MarketDay) -> tuple[str, ...]:
    """Sentences for the report; none for an order that was filled whole without a refusal."""
    refused = own.verdicts[own.verdicts["code"] != Refusal.NONE]
    notes = [_refused(refused[refused["code"] == code], len(own.commands)) for code in np.unique(refused["code"])]
    left = order.quantity - int(own.fills["size"].sum())
    if left > 0:
        unit = day.instrument
        reasons = list(_reasons(spec, order, own, day, len(refused))) or ["no reason is known beyond the policy's law"]
        notes.append(
            f"{unit.to_quantity(left)} of {unit.to_quantity(order.quantity)} were left undone: {'; '.join(reasons)}"
        )
    return tuple(notes)


def _refused(verdicts: np.ndarray, commands: int) -> str:
    first = from_rows(Verdict, verdicts[:1])[0]
    return f"the pre-trade gate refused {len(verdicts)} of {commands} commands, the first because {explain(first)}"


def _reasons(spec: PolicySpec, order: ParentOrder, own: Journal, day: MarketDay, refused: int) -> Iterator[str]:
    if not len(own.commands):
        yield "no command was sent"
    if refused:
        yield f"the gate refused {refused} commands"
    for level in spec.stack:
        if isinstance(level.options, Pov) and not level.options.catch_up:
            yield f"pov keeps to {100 * level.options.rate:g} % of the volume and does not catch up"
    if order.limit is not None:
        share = _share_within(order, day)
        price = day.instrument.to_price(order.limit)
        yield f"the opposite touch was within the limit of {price} for {100 * share:.1f} % of the time"
    yield from _placement(spec, own)
    yield from _late(order, own)
    rejected = own.events[own.events["kind"] == OrderEventKind.REJECTED]
    for reason in np.unique(rejected["reason"]):
        word = Reason(reason).name.lower().replace("_", " ")
        yield f"the venue rejected {int((rejected['reason'] == reason).sum())} orders ({word})"


def _placement(spec: PolicySpec, own: Journal) -> Iterator[str]:
    options = spec.tick_options
    if not getattr(options, "cross_final", True):
        yield f"{spec.tick_name} does not cross what is left at the deadline (finish=leave, cross_final=no)"
    expired = int((own.events["kind"] == OrderEventKind.EXPIRED).sum())
    through = getattr(options, "through", None)
    if expired and through is not None:
        reach = (
            "the touch alone (through=0)"
            if through == 0
            else f"{through:g} spread{'s' * (through != 1)} beyond the touch"
        )
        yield f"{expired} takes of {spec.tick_name}, which reach {reach}, found less than they wanted"


def _late(order: ParentOrder, own: Journal) -> Iterator[str]:
    refused = own.verdicts["command_id"][own.verdicts["code"] != Refusal.NONE]
    sent = own.commands[~np.isin(own.commands["command_id"], refused)]
    sent = sent[sent["kind"] != CommandKind.CANCEL]
    late = sent[sent["ts_arrives"] > order.end]
    if len(late):
        delay = int((late["ts_arrives"] - late["ts_sent"]).max())
        yield (
            f"{len(late)} of {len(sent)} commands came to the exchange after the deadline, for they take up to "
            f"{duration_text(delay)}"
        )


def _share_within(order: ParentOrder, day: MarketDay) -> float:
    """Share of the order's time in which the recorded opposite touch was at the limit or better."""
    assert order.limit is not None
    quotes, two_sided = day.market.quotes, day.market.two_sided
    ts = day.market.quote_columns.ts
    first = max(0, int(np.searchsorted(ts, order.start, side="right")) - 1)
    last = int(np.searchsorted(ts, order.end, side="left"))
    rows = quotes[first:last]
    edges = np.clip(np.append(rows["ts_event"], order.end), order.start, order.end)
    far = rows["ask"] if order.side > 0 else rows["bid"]
    good = two_sided[first:last] & (order.side * (far - order.limit) <= 0)
    return float(np.diff(edges)[good].sum() / (order.end - order.start))
