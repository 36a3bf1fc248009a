"""Factors: declared once, computed over history, in a stream, or begun again in the middle, with the same bits.

1. A `sources.ReturnSource` makes returns on an absolute `grid.Grid`, from a catalog, a frame, or rows as they come.
2. A `factor.Factor` is one compiled kernel with its configuration; `graph.Node` joins it to its named inputs.
3. `engine.Engine` runs a `graph.Graph` over a panel of instruments; `batch.run` and `stream.Stream` both drive it.
4. `rows.frame_of` makes the output: a value, or a status that says why there is none.

| room | what |
|---|---|
| `records` | what flows along edges, and every status |
| `grid` | slots, absolute, through sessions |
| `factor`, `loops`, `registry` | a kernel, the loops around it, and where it is found by name |
| `graph`, `engine`, `batch`, `stream`, `executor` | order, state, and who drives it |
| `sources` | returns, benchmarks, membership |
| `beta` | the betas, `BetaFactory`, and `feed.Feed`: history and stream of one description |
| `tick` | sums over two series that tick at times of their own, and the beta of ticks |
| `features` | features of a book, bars by any clock, features over windows of bars |
| `checks` | look-ahead, start and parity, of any graph |
| `tags`, `own` | tags and queries; a factor by its files alone |
| `store` | values in the folder of a catalog, live and backfilled |
"""
