"""The baselines again, in plain words: dicts and lists, one state at a time, without a line of the kernels."""

import math

SIZES = {2: 1, 3: 2, 4: 5, 5: 12, 6: math.inf, 13: 0.5, 14: 1, 15: 2, 16: 5}
"""Slices that an action has rest at the best (2 to 6; 7 to 11 one tick inside), or crosses (13 to 16)."""


def lots(action, state):
    """Of an action, as many as are left at most, half a lot upwards."""
    slices = SIZES[action - 5 if 7 <= action <= 11 else action]
    if slices == math.inf:
        return state["remaining"]
    return min(max(math.ceil(slices * state["slice"] - 1e-9), 1), state["remaining"])


def nearest(actions, wanted, state):
    """Of these, the one whose lots are nearest to what is wanted; the first of several."""
    return min(actions, key=lambda action: abs(lots(action, state) - wanted))


def distinct(actions, state):
    """Those that say something new: of several that mean all that is left, `all` where there is one, else the first."""
    some = [action for action in actions if lots(action, state) < state["remaining"]]
    whole = [action for action in actions if lots(action, state) == state["remaining"]]
    if not whole:
        return some
    if whole[0] in (2, 7) or actions[0] == 13:  # the smallest size is all, or it is about crossing
        return [*some, whole[0]]
    return [*some, whole[-1]]


def crossing(wanted, state):
    """The crossing nearest to what is wanted, or 0 where nothing is nearer."""
    if wanted <= 0:
        return 0
    action = nearest(distinct([13, 14, 15, 16], state), wanted, state)
    return action if abs(lots(action, state) - wanted) < wanted else 0


def resting(wanted, inside, state):
    action = nearest(distinct([7, 8, 9, 10, 11] if inside else [2, 3, 4, 5, 6], state), wanted, state)
    near = state["bid"] if state["side"] > 0 else state["ask"]
    return unless_it_stands(action, near + state["side"] * inside, lots(action, state), state)


def unless_it_stands(action, price, wanted, state):
    """Keep, where at least half of what is wanted stands at that price, and no more."""
    if state["live"] > 0 and state["live_price"] == price and wanted / 2 <= state["live"] <= wanted:
        return 0
    return action


def decide(placement, numbers, state):
    """The action: `state` has what is overdue and due in it, and how many decisions are left."""
    if not state["quoted"] or state["remaining"] == 0:
        return 0
    spread, left = state["ask"] - state["bid"], state["remaining"]
    if left > 5 * state["slice"] * (state["decisions"] - 1):
        enough = [action for action in (13, 14, 15, 16) if lots(action, state) == left]
        return enough[0] if enough else 16
    overdue, due = state["overdue"], state["due"]
    if placement == "take":
        return crossing(due, state)
    if placement == "leave":
        if state["live"] or due <= 0:
            return 0
        return resting(due, bool(numbers.offset > 0 and spread >= 2), state)
    if placement == "heuristic":
        return heuristic(numbers, state)
    patience = {"post-then-cross": 0}.get(placement, numbers.slack * state["slice"])
    if overdue > patience and crossing(overdue, state):
        return crossing(overdue, state)
    if due <= 0:
        return 0
    if placement == "mid-peg" and spread >= 4:
        middle = (state["bid"] + state["ask"]) / 2
        price = math.floor(middle) if state["side"] > 0 else math.ceil(middle)
        return unless_it_stands(12, price, left, state)
    return resting(due, placement == "mid-peg" and spread >= 2, state)


def heuristic(numbers, state):
    spread = (state["ask"] - state["bid"]) / state["typical_spread"]
    against = 0.0
    for levels, weight in ((1, 1 - numbers.deep), (5, numbers.deep)):
        bids, asks = sum(state["bids"][:levels]), sum(state["asks"][:levels])
        against += weight * state["side"] * (bids - asks) / (bids + asks) if bids + asks else 0.0
    action = 0
    if state["overdue"] > numbers.behind * state["slice"]:
        action = crossing(state["overdue"], state)
    if not action and against >= numbers.cross_at and spread <= numbers.cross_spread:
        action = crossing(state["due"], state)
    if action:
        return action
    if against <= numbers.pull_below and state["overdue"] <= 0:
        return 1 if state["live"] else 0
    wanted = max(state["due"], numbers.ahead * state["slice"])
    wide = spread >= numbers.improve_spread and state["ask"] - state["bid"] >= 2
    return resting(wanted, wide, state) if wanted > 0 else 0
