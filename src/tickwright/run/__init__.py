"""The shell: it owns the loop, the files, the seeds, and wires strategy, orders, risk, venue and ledger together.

| module | what |
|---|---|
| `config` | what a run is asked to do, as frozen records |
| `market` | recorded events from the catalog, compiled for replay |
| `layout`, `desk`, `loop` | compiled: the scheduler and the desk's side of it |
| `engine` | the arrays of one simulated world, and its journal |
| `nested` | decision levels above the tick level, any depth |
| `execute` | parent orders × policies → results |
| `manifest` | what a result was made from |
"""
