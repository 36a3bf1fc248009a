"""Decision levels: daily → intraday → tick, to any depth. Imports core alone.

| module | what |
|---|---|
| `levels` | the Level protocol: `init`, `step`, what a level hears and says |
| `daily` | levels that split a mandate over windows and sessions |
| `intraday` | schedules in closed form, and the levels that follow them |
| `tick` | compiled placement of one child order |
| `options` | options as text and back |
| `policies` | names, as `twap(slices=12)/post-then-cross`, to stacks of levels |
"""
