"""A market that answers: models of order flow on the L3 book, one row of memory a market.

| module | what |
|---|---|
| `layout` | the rows: a market, its parameters, a request; the codes |
| `parameters`, `rows`, `prepare` | the parameters of every model, checked and hashed; as a row; at the right pace |
| `draws` | chance as a function of seed, event and place |
| `flow`, `trades` | orders rest and leave, and trade, whichever law decides it |
| `routing`, `dark` | where an order goes when there are several venues; the dark pool |
| `pace` | the day's curves, and activity that clusters |
| `lmf`, `takers` | signs with long memory; in `fp`, who may trade next and on which side |
| `santa_fe`, `epsilon`, `hawkes`, `queue_reactive`, `ql`, `fp` | one law each, and where it is unrealistic |
| `queue_choice` | the next event of a queue-reactive law, drawn |
| `laws` | one event of any model |
| `agents` | what an agent may do |
| `restart` | a market begins again from a template |
| `driver`, `fetch` | one market, or K at a time; K at a time brought into the cache before their turn |
| `live`, `live_ask`, `live_commands`, `live_pool`, `live_feed` | one market in the event loop, commands of a desk |
| `check` | what must be true at any moment |
| `session` | a day as market events |
"""
