"""The shell: it owns the loop, the files, the seeds, and wires strategy, orders, risk, venue and ledger together.

| module | what |
|---|---|
| `config`, `compose` | what a run is asked to do, as frozen records, and the objects that are made of it |
| `market` | recorded events from the catalog, compiled for replay |
| `layout`, `desk`, `queues`, `loop` | compiled: the scheduler and the desk's side of it |
| `engine` | the arrays of one simulated world, and its journal |
| `nested` | decision levels above the tick level, any depth |
| `execute`, `undone` | parent orders × policies → results, and why something was left undone |
| `manifest` | what a result was made from |
| `parameters_file` | the parameters of a reactive market as a TOML file |
| `reactive`, `live` | parent orders in a reactive market: its day, its runs, its arrays inside a world |
| `simulate` | days of a reactive market into the catalog |
"""
