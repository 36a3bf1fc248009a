"""`make bench`: how fast Tickwright is, as ratios of CPU time against hftbacktest, and what ingest and start cost.

The walk: `__main__` makes one event flow (`flow`), hands it to both engines in fresh child processes that take turns
(`reference`, `ours`, run by `child` under `measure`), then times `ingest` and `startup`, compares with `targets` and
writes `bench/results.json`. Timing never fails a test; the numbers of a busy machine say so by their spread.
"""
