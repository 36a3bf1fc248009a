"""Every tick policy behind one compiled call: a static chain on the policy's code."""

from __future__ import annotations

from enum import IntEnum

from tickwright.core.kernel import inline
from tickwright.strategy.tick import imbalance, mid_peg, post_then_cross, requote, take
from tickwright.strategy.tick.common import Memory, Obs, Params, Tick, waiting


class TickCode(IntEnum):
    """The number of each tick policy."""

    TAKE = 1
    POST_THEN_CROSS = 2
    MID_PEG = 3
    REQUOTE = 4
    IMBALANCE = 5


_TAKE, _POST_THEN_CROSS, _MID_PEG = int(TickCode.TAKE), int(TickCode.POST_THEN_CROSS), int(TickCode.MID_PEG)
_REQUOTE, _IMBALANCE = int(TickCode.REQUOTE), int(TickCode.IMBALANCE)

_take = take.decide
_post_then_cross = post_then_cross.decide
_mid_peg = mid_peg.decide
_requote = requote.decide
_imbalance = imbalance.decide


@inline(borrow=True)
def decide(code: int, params: Params, memory: Memory, obs: Obs) -> Tick:
    """The intent of the policy with that `TickCode`. A code outside the enum keeps things as they are."""
    if code == _TAKE:
        return _take(params, memory, obs)
    if code == _POST_THEN_CROSS:
        return _post_then_cross(params, memory, obs)
    if code == _MID_PEG:
        return _mid_peg(params, memory, obs)
    if code == _REQUOTE:
        return _requote(params, memory, obs)
    if code == _IMBALANCE:
        return _imbalance(params, memory, obs)
    return waiting(obs)
