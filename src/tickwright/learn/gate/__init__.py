"""Gate A: is the market fit to learn in, alone and with a policy in it? Checks that must hold before any training, and
again with the trained policy, each with a number and a band.

| module | what |
|---|---|
| `check` | what a check came to, and the rules by which it is judged |
| `books` | warmed-up books to measure in |
| `layout`, `plans` | a plan for one account, and the compiled trader that carries it out |
| `trials` | plans in words, carried out in pairs of books |
| `watch` | the market by itself: response of the mid, signature plot, sign memory, drift |
| `impact` | metaorders: exponent and decay of impact, impact of single orders |
| `programs` | cost of taking and resting, round trips, pumps |
| `adversary` | a search for a profitable plan |
| `audit` | conservation, by a plain account on the emitted rows |
| `quoting` | both sides quoted, no overflow, no leaked order |
| `degenerate`, `optima` | the laws of impact alone, and the optima known in closed form |
| `plain_book`, `optima_book` | a book in which impact is known, and the same optima found there by real orders |
| `mirror`, `reward` | what execution.md asks of a reward |
| `worked`, `policy` | a policy in the market: its costs, round trips, counts and fills |
| `verdict` | all of them in order |
"""

from tickwright.learn.gate.check import Check
from tickwright.learn.gate.verdict import Sizes, Verdict, run_gate

__all__ = ["Check", "Sizes", "Verdict", "run_gate"]
