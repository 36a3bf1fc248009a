"""Policies that work an order in the episodes, and what they cost: the honest baselines, measured in pairs.

| module | what |
|---|---|
| `port` | what a policy is asked |
| `layout` | the parameters of a baseline, one row |
| `schedules`, `placements`, `kernel` | its decision, compiled: what is due when, and how that becomes an action |
| `baseline`, `named` | baselines by name: schedule/placement |
| `aim` | resting where no action says |
| `course` | what a policy costs over the episodes of a seed |
| `bound` | what somebody pays who knows the prices |
| `paired` | two policies on the same episodes |
| `tuning` | numbers of the heuristic and of submit-and-leave, found under a budget of episodes |
"""

from tickwright.learn.policies.baseline import NAMES, Baseline, Numbers
from tickwright.learn.policies.bound import clairvoyant
from tickwright.learn.policies.course import SCORE, Course, evaluate
from tickwright.learn.policies.named import policy_of
from tickwright.learn.policies.paired import Paired, compare
from tickwright.learn.policies.port import Policy
from tickwright.learn.policies.tuning import Tuned, tune, tune_leave

__all__ = [
    "NAMES", "SCORE", "Baseline", "Course", "Numbers", "Paired", "Policy", "Tuned", "clairvoyant", "compare",
    "evaluate", "policy_of", "tune", "tune_leave",
]  # fmt: skip
