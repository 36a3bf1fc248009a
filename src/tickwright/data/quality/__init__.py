"""Faults of recorded data: what is looked for, where it stands, and what can be put right without guessing.

1. `codes` is the table of checks: code, severity, meaning, and what the fault would do to fills.
2. `tally` counts the findings of one unit (an instrument, a schema, a UTC day) with their first and last place.
3. `columns`, `clocks`, `sequences`, `gaps`, `duplicates`, `tops`, `prints` and `bars` are the checks. Each is fed
   chunk after chunk of rows in file order, keeps a state of bounded size, and finds the same however they are cut.
4. `fix` rewrites what is proven to be wrong, as a new version of the catalog with a log.

`run.quality` reads the catalog, rebuilds the books that some of the checks need, and brings all together.
"""
