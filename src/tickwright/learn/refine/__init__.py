"""What fills teach: from a run that a policy traded in to a challenger, and a verdict on it.

| module | what |
|---|---|
| `config` | what is asked |
| `fills` | a run's folder: its orders, what the policy made of them, figures of each |
| `again` | the same orders worked again in a market that answers |
| `recalibrate`, `moments` | the market's parameters by those figures: what moved, why, how sure, what is refused |
| `tune` | the policy trained on in that market, never farther from what it was than the cap |
| `judge` | both on the same episodes, by the benchmark's own code; the criteria |
| `words` | the verdict as a person reads it |
| `flow` | all of it in order |
"""

from tickwright.learn.refine.config import RefineConfig
from tickwright.learn.refine.flow import Refined, refine

__all__ = ["RefineConfig", "Refined", "refine"]
