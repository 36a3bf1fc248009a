"""The simulator: recorded or generated market events with our orders inside.

`exchange` is made of `resting` (our orders among recorded ones), `depth_queue` (the same among recorded levels),
`commands` (what we send) and `reports` (what it answers).

| module | law |
|---|---|
| `profile` | every assumption of a simulation as one frozen record |
| `latency` | how long a message is under way |
| `fees` | what a fill costs |
| `liquidity` | what we take is gone, and comes back |
| `impact` | how our takes move the market, transiently |
| `queue` | on depth data: which cancels were ahead of us |
| `exchange` | who trades with whom: price-time priority with our orders among the recorded ones |
| `reactive` | markets that answer our orders, which rest in the same queues: six models |
"""
