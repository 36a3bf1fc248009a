"""Facts of a day of orders, and a model of the market fitted to them.

`flow.calibrate` is the way in: recorded day -> facts -> fit -> simulated days -> facts -> score. `facts.facts_of` and
`day.sums_of` measure any MARKET_EVENT rows.
"""
