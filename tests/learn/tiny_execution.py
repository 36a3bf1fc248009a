"""A small execution problem whose best policy is known: time x lots left x spread, solved by dynamic programming.

Each step some lots are taken, at half the spread and a cost that grows with their square, or one lot is posted, which
fills by chance and earns half the spread less what adverse selection costs. What is left at the end costs dearly.
"""

import numpy as np

from tickwright.learn.batch import Step
from tickwright.learn.layout import End

STEPS, LOTS, ACTIONS, OBSERVED = 6, 6, 5, 3
POST = 4
"""The action that posts a lot; 0 to 3 take as many."""
HALF_SPREAD = np.array([0.5, 1.5])
FILLS = np.array([0.35, 0.6])
STAYS = 0.7
IMPACT, ADVERSE = 0.15, 0.3


def cost_of_taking(lots, spread):
    return lots * HALF_SPREAD[spread] + IMPACT * lots**2


def cost_of_the_rest(lots):
    return 2.0 * lots + 0.3 * lots**2


def legal(lots):
    """bool (len(lots), ACTIONS)."""
    lots = np.asarray(lots)
    taken = np.arange(POST)[None, :] <= lots[:, None]
    return np.column_stack([taken, lots > 0])


def seen(step, lots, spread):
    columns = [1.0 - step / STEPS, lots / LOTS, 2.0 * spread - 1.0]
    return np.stack(np.broadcast_arrays(*columns), axis=-1).astype(np.float32)


def worth(step, lots, spread, action, after):
    """Expected cost from here of an action, `after[lots, spread]` being that of the next step."""
    next_of = after @ np.array([[STAYS, 1 - STAYS], [1 - STAYS, STAYS]])  # [lots, spread now]
    if action == POST:
        chance = FILLS[spread]
        filled = -(HALF_SPREAD[spread] - ADVERSE) + next_of[lots - 1, spread]
        return chance * filled + (1 - chance) * next_of[lots, spread]
    return cost_of_taking(action, spread) + next_of[lots - action, spread]


def solve(choose=None):
    """Expected cost from the start; of `choose(step, lots, spread) -> action`, or of the best policy."""
    after = np.array([[cost_of_the_rest(lots)] * 2 for lots in range(LOTS + 1)])
    for step in reversed(range(STEPS)):
        now = np.zeros_like(after)
        for lots in range(1, LOTS + 1):
            for spread in range(2):
                actions = np.flatnonzero(legal([lots])[0]) if choose is None else [choose(step, lots, spread)]
                now[lots, spread] = min(worth(step, lots, spread, a, after) for a in actions)
        after = now
    return float(after[LOTS].mean())


def table_of(decide):
    """`choose` of a policy that decides on a batch."""
    states = [(t, i, s) for t in range(STEPS) for i in range(1, LOTS + 1) for s in range(2)]
    batch = type("Seen", (), {})()
    batch.observations = np.concatenate([seen(np.array([t]), np.array([i]), np.array([s])) for t, i, s in states])
    batch.masks = np.concatenate([legal([i]) for _, i, _ in states])
    chosen = dict(zip(states, decide(batch).tolist(), strict=True))
    return lambda *state: chosen[state]


class TinyBatch:
    """Many of these problems side by side, in the form of an ExecutionBatch."""

    def __init__(self, count, seed, restart=True):
        self.count, self._rng, self._restart = count, np.random.default_rng(seed), restart
        self._step, self._lots, self._spread = (np.zeros(count, np.int64) for _ in range(3))
        self._over = np.zeros(count, np.int64)
        self.reset()

    @property
    def observations(self):
        return seen(self._step, self._lots, self._spread)

    @property
    def masks(self):
        return legal(self._lots)

    @property
    def begun(self):
        return self._step == 0

    def _begin(self, rows):
        self._step[rows], self._lots[rows], self._over[rows] = 0, LOTS, End.RUNNING
        self._spread[rows] = self._rng.integers(0, 2, int(rows.sum()))

    def reset(self):
        self._begin(np.ones(self.count, np.bool_))
        return self.observations, self.masks

    def step(self, actions):
        going = self._over == End.RUNNING
        asked = np.where(legal(self._lots)[np.arange(self.count), actions], actions, 0)
        filled = (asked == POST) & (self._rng.random(self.count) < FILLS[self._spread])
        taken = np.where(asked == POST, 0, asked)
        cost = cost_of_taking(taken, self._spread) - filled * (HALF_SPREAD[self._spread] - ADVERSE)
        lots = self._lots - taken - filled
        moved = self._rng.random(self.count) >= STAYS
        self._lots = np.where(going, lots, self._lots)
        self._spread = np.where(going & moved, 1 - self._spread, self._spread)
        self._step += going
        done, late = going & (self._lots == 0), going & (self._lots > 0) & (self._step == STEPS)
        cost = np.where(going, cost + late * cost_of_the_rest(self._lots), 0.0)
        self._over = np.where(done, End.FILLED, np.where(late, End.DEADLINE, self._over))
        ends, finals = self._over.copy(), self.observations
        if self._restart:
            self._begin(self._over != End.RUNNING)
        return Step(self.observations, self.masks, -cost, ends, finals, np.zeros(self.count))

    def snapshot(self):
        state = self._rng.bit_generator.state["state"]
        words = [value >> (64 * i) & (2**64 - 1) for value in (state["state"], state["inc"]) for i in range(2)]
        rows = {"step": self._step, "lots": self._lots, "spread": self._spread, "over": self._over}
        return {name: array.copy() for name, array in rows.items()} | {"chance": np.array(words, np.uint64)}

    def restore(self, rows):
        self._step, self._lots, self._spread, self._over = (
            rows[name].copy() for name in ("step", "lots", "spread", "over")
        )
        low, high, inc, top = (int(word) for word in rows["chance"])
        self._rng.bit_generator.state |= {"state": {"state": low | high << 64, "inc": inc | top << 64}}

    def close(self):
        pass


def expected(decide):
    """Expected cost of `decide(batch)`, which may remember, over every course that chance can take; by no dynamic
    programming. A row is a spread to begin with, whether it moves after each step, and whether a lot posted then fills;
    it weighs as much as it is likely, and where nothing is posted both its fills weigh half."""
    count = 2**STEPS * 2**STEPS
    bits = (np.arange(count)[:, None] >> np.arange(2 * STEPS)) & 1
    spread, moves, fills = bits[:, 0], bits[:, 1:STEPS] == 1, bits[:, STEPS:] == 1
    lots, cost, weight = np.full(count, LOTS), np.zeros(count), np.full(count, 0.5)
    for step in range(STEPS):
        batch = type("Seen", (), {"begun": np.full(count, step == 0), "masks": legal(lots)})()
        batch.observations = seen(step, lots, spread)
        actions = np.where(lots > 0, decide(batch), 0)
        posted = actions == POST
        filled, taken = posted & fills[:, step], np.where(posted, 0, actions)
        likely = np.where(fills[:, step], FILLS[spread], 1 - FILLS[spread])
        weight *= np.where(posted, likely, 0.5)
        cost += cost_of_taking(taken, spread) - filled * (HALF_SPREAD[spread] - ADVERSE)
        lots = lots - taken - filled
        if step < STEPS - 1:
            weight *= np.where(moves[:, step], 1 - STAYS, STAYS)
            spread = np.where(moves[:, step], 1 - spread, spread)
    assert abs(weight.sum() - 1) < 1e-9
    return float(weight @ (cost + cost_of_the_rest(lots)))


class TinyProblem:
    """Where these come from, for a training; `kept` is the network that it left, the best that was validated."""

    def __init__(self, seed=1):
        self._seed, self.kept = seed, None

    def episodes(self, stage, count, stream, *, restart=True):
        from tickwright.core.rng import derive

        return TinyBatch(count, derive(self._seed, stream), restart)

    def facts(self, episodes, over):
        return {}

    def policy(self, network, metrics, manifest):
        self.kept = network
