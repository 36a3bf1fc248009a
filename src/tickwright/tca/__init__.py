"""Execution quality: what an order cost, against what, and why. Pure functions over arrays; imports core and ledger.

`row.analyse` is the entry: one parent order's rows and the recorded market in, an `OrderTca` out. `groups` makes sets
of orders, `report` and `group_report` the rows of result.json. Definitions and conventions: docs/execution-quality.md.
"""

from tickwright.tca.group_report import comparison_json, group_json
from tickwright.tca.groups import Comparison, GroupTca, aggregate, by_policy, compare, paired
from tickwright.tca.market import Market
from tickwright.tca.report import to_json
from tickwright.tca.row import OrderTca, analyse, rows_of_parent

__all__ = [
    "Comparison",
    "GroupTca",
    "Market",
    "OrderTca",
    "aggregate",
    "analyse",
    "by_policy",
    "compare",
    "comparison_json",
    "group_json",
    "paired",
    "rows_of_parent",
    "to_json",
]
