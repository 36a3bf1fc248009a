"""Intent → command, the order state machine, parent and child. Pure; imports core alone.

| module | what |
|---|---|
| `state` | the one table of an order's life |
| `intents` | what to send so that the child becomes what the tick level wants |
| `child` | one child order as a frozen record, stepped by what is sent and what is reported |
| `parent` | filled, open and free lots of a parent over its children |
"""
