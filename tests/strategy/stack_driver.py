"""A small driver of a stack of levels, for tests: timers, reports and revisions in order, fills by a rule."""

from dataclasses import dataclass, field

from tickwright.core.records import Mandate
from tickwright.strategy.levels import MarketView, Progress, Report, Revised, Timer


@dataclass
class Desk:
    """Runs a stack; `fill(mandate, t)` is how many of the innermost mandate's lots fill by its deadline."""

    levels: tuple
    fill: object
    traded: object = lambda now: 0
    filled: int = 0
    given: list = field(default_factory=list)
    """Mandates of the innermost level, and what of each was filled."""

    def view(self, now):
        return MarketView(now, True, 100, 102, 10, 10, self.traded(now))

    def run(self, mandate: Mandate) -> "Desk":
        count = len(self.levels)
        self.state, self.base, self.wake, self.done = [None] * count, [0] * count, [None] * count, [False] * count
        self.inner, self.since = None, 0
        self.give(0, mandate, mandate.start)
        while any(w is not None for w in self.wake):
            now = min(w for w in self.wake if w is not None)
            self.trade_until(now)
            level = next(i for i, w in enumerate(self.wake) if w == now)
            self.wake[level] = None
            self.tell(level, Timer, now)
        self.trade_until(mandate.deadline)
        return self

    def give(self, level, mandate, now):
        if level == len(self.levels):
            self.inner, self.since = mandate, self.filled
            self.given.append([mandate, 0])
            return
        self.base[level] = self.filled
        if self.state[level] is None:
            self.answer(level, self.levels[level].init(mandate, self.view(now)), now)
        else:
            self.answer(
                level,
                self.levels[level].step(self.state[level], Revised(now, self.view(now), Progress(0, 0), mandate)),
                now,
            )

    def tell(self, level, kind, now):
        event = kind(now, self.view(now), Progress(self.filled - self.base[level], 0))
        self.answer(level, self.levels[level].step(self.state[level], event), now)

    def answer(self, level, answer, now):
        self.state[level], decision = answer
        assert decision.wake is None or decision.wake > now, f"level {level} wakes in the past"
        self.wake[level], self.done[level] = decision.wake, decision.done
        if decision.mandate is not None:
            self.give(level + 1, decision.mandate, now)

    def trade_until(self, now):
        inner = self.inner
        if inner is None or now < inner.deadline:
            return
        lots = min(inner.quantity, self.fill(inner))
        self.filled, self.inner = self.filled + lots, None
        self.given[-1][1] = lots
        if lots:
            for level in reversed(range(len(self.levels))):
                if self.wake[level] is not None and self.wake[level] > now:
                    self.tell(level, Report, now)
