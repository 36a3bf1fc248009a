"""Before the trade: what an order will cost by horizon and urgency, and which of them to choose.

1. `ask`: the order, the market, the horizons and urgencies to look at, and how much risk weighs.
2. `surface`: each cell is simulated (`learn.policies.evaluate`): the order worked by an Almgren–Chriss curve of that
   urgency over that horizon, in episodes whose draws all cells share.
3. `choice`: of all cells the one with the least mean + λ variance, and the frontier of the others.
4. `sensitivity`: the same choice for other sizes and in shifted markets (`learn.regimes`).
"""

from tickwright.learn.planning.ask import PlanAsk
from tickwright.learn.planning.choice import Plan, Recommended, planned
from tickwright.learn.planning.surface import Cell

__all__ = ["Cell", "Plan", "PlanAsk", "Recommended", "planned"]
