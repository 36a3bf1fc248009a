"""The simulator: recorded or generated market events with our orders inside.

| module | law |
|---|---|
| `profile` | every assumption of a simulation as one frozen record |
| `latency` | how long a message is under way |
| `fees` | what a fill costs |
| `liquidity` | what we take is gone, and comes back |
| `impact` | how our takes move the market, transiently |
| `exchange` | who trades with whom: price-time priority with our orders among the recorded ones |
| `zero_intelligence` | a generated session, where nothing recorded is at hand |
"""
