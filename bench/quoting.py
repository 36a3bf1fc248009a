"""The quoting strategy as a tick level of the user's own, compiled and called from inside the engine's loop."""

from __future__ import annotations

from tickwright.core.records import IntentKind

_KEEP, _REST = int(IntentKind.KEEP), int(IntentKind.REST)
_NEXT = 0


def decide(params, memory, obs):
    """Looks at `start + k·step`, as hftbacktest's `elapse(step)` does; a report in between changes nothing.

    Parameters: step (ns), and 1 to have one lot post-only at the own touch, 0 only to look. Ends at the deadline. An
    order off the touch is replaced by one at the touch.
    """
    step = int(params[0])
    if obs.now >= obs.deadline:
        return _KEEP, 0, 0, 0, 0
    if obs.now < obs.start + step:
        return _KEEP, 0, 0, 0, obs.start + step
    if obs.now < memory[_NEXT]:
        return _KEEP, 0, 0, 0, memory[_NEXT]
    memory[_NEXT] = obs.now + step
    touch = obs.bid if obs.side > 0 else obs.ask
    if params[1] == 0.0 or obs.quoted == 0 or obs.pending == 1 or (obs.live == 1 and obs.live_price == touch):
        return _KEEP, 0, 0, 0, memory[_NEXT]
    return _REST, touch, 1, 1, memory[_NEXT]
