"""What stands between a decision and a venue: the pre-trade gate. Pure; imports core alone.

| module | what |
|---|---|
| `gate` | the limits and the compiled check |
| `factors` | what an order relies on, and which of it does not hold |
| `verdicts` | the same check over records, the kill switch, a refusal in words |
"""
