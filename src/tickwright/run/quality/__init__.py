"""Check what a catalog holds: read it chunk by chunk, rebuild the books, and run the checks of `data.quality`.

1. `orders` and `levels` keep an L3 and an L2 book and say, for each row, what the book refused and the best levels
   after it.
2. `units` names what is checked in one go, and which rows go into it.
3. `check` walks over the units and gathers the findings; `report` in `app` draws them.
"""
