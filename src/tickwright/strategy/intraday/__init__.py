"""Schedules in closed form as pure functions of a time grid, and the levels that follow them.

| module | law |
|---|---|
| `grid` | time grids, and shares of a quantity in whole lots |
| `twap`, `vwap` | constant rate; rate in proportion to predicted volume |
| `almgren_chriss` | least cost plus risk aversion times variance |
| `obizhaeva_wang` | least cost under transient impact |
| `follow` | the level that walks any schedule |
| `pov` | the level that trades in proportion to what others trade |
"""
