"""Tick policies: compiled `decide(params, memory, obs) -> intent`, one file each, and one dispatch.

| module | placement |
|---|---|
| `take` | cross now |
| `post_then_cross` | rest at the touch, cross at the deadline |
| `mid_peg` | rest at the mid |
| `requote` | post and re-quote with patience |
| `imbalance` | cross or post by the imbalance of the queues |
| `custom` | a level of the user's own |

`common` holds what they share, `dispatch` the one call, `uncompiled` turns any of them back into Python.
"""
