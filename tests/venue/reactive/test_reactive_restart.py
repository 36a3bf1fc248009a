"""A restart copies what a template has in use: against a copy of the whole row."""

from __future__ import annotations

import numpy as np
import pytest

from tickwright.core.events import MARKET_EVENT
from tickwright.venue.sim.reactive import parameters
from tickwright.venue.sim.reactive.driver import advance, ask, open_markets, step
from tickwright.venue.sim.reactive.layout import MARKET, POOL, REQUEST, Ask
from tickwright.venue.sim.reactive.parameters import FP, Flow, Pool, Venue
from tickwright.venue.sim.reactive.prepare import prepare

_NONE = np.zeros(0, REQUEST)
_POOLED = FP(flow=Flow(venues=(Venue("A", 0.5), Venue("B", 0.5)), pool=Pool(ping=0.1, rest=0.3, patience=20.0)))


@pytest.mark.parametrize(
    ("given", "mid"), [(parameters.default("fp"), 10_052), (_POOLED, 10_050)], ids=["one book", "two venues and a pool"]
)
def test_a_restarted_row_goes_on_as_a_copy_of_the_whole_template(given: FP, mid: int) -> None:
    """Whatever stood in a row before, far levels and more orders too, a restart leaves of it nothing that is read."""
    params = prepare(given)
    templates, markets = np.zeros(1, MARKET), np.zeros(4, MARKET)
    open_markets(templates, params, 1, mid)  # the last level of a word of the bitmap is in use
    step(templates, params, _NONE, 300)
    open_markets(markets, params, 2, 10_070)
    for k in range(len(markets)):
        for n in range(16):
            ask(markets, k, params, Ask.POST, 1, side=n % 2, price=3 * n + 10, lots=50, relative=True)
    step(markets, params, _NONE, 3_000)
    assert (markets["used"] > templates["used"]).all()
    assert (templates["book"]["ladder"]["bits0"] < 0).any()
    if given is _POOLED:
        assert templates["pool"]["count"][0] > 0
        assert (markets["pool"]["count"] > templates["pool"]["count"]).any()
        assert (markets["ledger"] != templates["ledger"]).any()
    before = markets["seed"].copy()
    step(markets, params, _NONE, 0, templates, 1)
    assert (markets["restarts"] == 1).all()
    assert (markets["seed"] != before).all()

    whole = np.repeat(templates, len(markets))
    for name in ("seed", "wait", "events", "restarts"):
        whole[name] = markets[name]
    for name in set(MARKET.names or ()) - {"book", "pool"}:
        assert (markets[name] == whole[name]).all(), name
    for name in set(POOL.names or ()) - {"orders"}:
        assert (markets["pool"][name] == whole["pool"][name]).all(), name
    waiting = int(templates["pool"]["count"][0])
    assert (markets["pool"]["orders"][:, :waiting] == whole["pool"]["orders"][:, :waiting]).all()
    assert (markets["book"]["orders"]["qty"] == whole["book"]["orders"]["qty"]).all()
    for name in ("qty", "count"):
        assert (markets["book"]["ladder"]["levels"][name] == whole["book"]["ladder"]["levels"][name]).all()
    for k in range(len(markets)):
        streams = []
        for rows in (markets, whole):
            out = np.zeros(2**14, MARKET_EVENT)
            assert advance(rows, k, params, 5_000, out=out) == 5_000
            streams.append(out)
        assert (streams[0] == streams[1]).all()
        assert markets["fair"][k] == whole["fair"][k]
