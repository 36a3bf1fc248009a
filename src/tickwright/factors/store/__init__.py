"""Values of factors in the folder of a catalog: append-only, point in time, live and backfilled apart.

| room | what |
|---|---|
| `book` | what the store says it holds: one file, replaced in one step |
| `rows` | columns of a stored row, what is refused, which version of a row counts |
| `store` | `FactorStore`: append, read as of a moment, tags and lists |
| `live` | rows of a stream on their way in |
| `compare` | live against backfilled values, to the bit and by tolerance |
"""
