"""Names to stacks of decision levels: `split(weights=1:2)/twap(slices=6)/post-then-cross(patience=5s)`.

The parts go from the outermost level to the tick level, which is the last. Options stand in brackets; what is not named
keeps its default. A policy's own `name` is canonical: it names the options that differ from the defaults, in order, and
parses to the same policy.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tickwright.core.errors import ConfigError
from tickwright.strategy.daily.split import Split
from tickwright.strategy.intraday.almgren_chriss import AlmgrenChriss
from tickwright.strategy.intraday.follow import FollowSchedule
from tickwright.strategy.intraday.obizhaeva_wang import ObizhaevaWang
from tickwright.strategy.intraday.pov import Pov
from tickwright.strategy.intraday.twap import Twap
from tickwright.strategy.intraday.vwap import VolumeCurve, Vwap
from tickwright.strategy.learned.options import Learned
from tickwright.strategy.levels import Level
from tickwright.strategy.options import describe_options, options_text, read_options
from tickwright.strategy.tick.custom import CUSTOM
from tickwright.strategy.tick.dispatch import TickCode
from tickwright.strategy.tick.imbalance import Imbalance
from tickwright.strategy.tick.mid_peg import MidPeg
from tickwright.strategy.tick.post_then_cross import PostThenCross
from tickwright.strategy.tick.requote import Requote
from tickwright.strategy.tick.take import Take

LEARNED, REGISTRY = TRAINED = ("rl", "registry")
"""Before the colon of a trained policy: a file, or a folder that says which one trades."""
_TRAINED = re.compile(rf"(?:(.*)/)?\s*({'|'.join(TRAINED)}):([^()]+?)\s*(?:\(([^()]*)\))?\s*")
_PART = re.compile(r"([a-z][a-z-]*)\s*(?:\(([^()]*)\))?")


@dataclass(frozen=True, slots=True)
class StackContext:
    """What levels are built from beyond their options: what is known of the instrument and the day beforehand."""

    curve: VolumeCurve | None = None


@dataclass(frozen=True, slots=True)
class LevelKind:
    """A level that policies can name: its options, and how a level is made of them."""

    options: type[Any]
    build: Callable[[Any, StackContext], Level[Any]]


@dataclass(frozen=True, slots=True)
class TickKind:
    """A tick policy that policies can name: its options and its code."""

    options: type[Any]
    code: TickCode


def _follow(options: Any, context: StackContext) -> Level[Any]:
    return FollowSchedule(options)


def _follow_curve(options: Vwap, context: StackContext) -> Level[Any]:
    return FollowSchedule(replace(options, curve=context.curve))


def _itself(options: Any, context: StackContext) -> Level[Any]:
    level: Level[Any] = options
    return level


LEVELS: dict[str, LevelKind] = {
    "split": LevelKind(Split, _itself),
    "twap": LevelKind(Twap, _follow),
    "vwap": LevelKind(Vwap, _follow_curve),
    "pov": LevelKind(Pov, _itself),
    "ac": LevelKind(AlmgrenChriss, _follow),
    "ow": LevelKind(ObizhaevaWang, _follow),
}

TICKS: dict[str, TickKind] = {
    "take": TickKind(Take, TickCode.TAKE),
    "post-then-cross": TickKind(PostThenCross, TickCode.POST_THEN_CROSS),
    "mid-peg": TickKind(MidPeg, TickCode.MID_PEG),
    "requote": TickKind(Requote, TickCode.REQUOTE),
    "imbalance": TickKind(Imbalance, TickCode.IMBALANCE),
}


@dataclass(frozen=True, slots=True)
class TickSpec:
    """A tick policy as the engine runs it: a `TickCode` and eight float64 parameters."""

    code: int
    params: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class NamedLevel:
    """A level by its name in LEVELS, with its options."""

    name: str
    options: Any

    def __str__(self) -> str:
        return _with_options(self.name, self.options)


@dataclass(frozen=True, slots=True)
class PolicySpec:
    """A policy: its levels above the tick level, outermost first, and its tick policy with its options."""

    stack: tuple[NamedLevel, ...]
    tick_name: str
    tick_options: Any

    @property
    def name(self) -> str:
        """The canonical text."""
        return "/".join([*map(str, self.stack), _with_options(self.tick_name, self.tick_options)])

    @property
    def learned(self) -> Learned | None:
        """The options of the tick policy where that is a trained one."""
        return self.tick_options if isinstance(self.tick_options, Learned) else None

    @property
    def by_registry(self) -> bool:
        """Whether a registry says which trained policy it is; its folder then is `learned.file`."""
        return self.tick_name.startswith(f"{REGISTRY}:")

    @property
    def tick(self) -> TickSpec:
        """The tick policy as the engine runs it; a trained one has its numbers elsewhere (`strategy.learned.level`)."""
        if self.learned is not None:
            return TickSpec(CUSTOM, (0.0,) * 8)
        return TickSpec(int(TICKS[self.tick_name].code), self.tick_options.pack())

    def levels(self, context: StackContext | None = None) -> tuple[Level[Any], ...]:
        """The levels above the tick level, outermost first."""
        given = context or StackContext()
        return tuple(LEVELS[part.name].build(part.options, given) for part in self.stack)

    def notes(self, context: StackContext | None = None) -> tuple[str, ...]:
        """What a report has to say about the policy's assumptions."""
        return tuple(note for level in self.levels(context) for note in getattr(level, "notes", ()))


def parse_policy(text: str) -> PolicySpec:
    """A policy from its text. Raises ConfigError, which lists what is allowed."""
    trained = _TRAINED.fullmatch(text)
    if trained is not None:
        above = [part.strip() for part in trained[1].split("/")] if trained[1] else []
        levels = tuple(NamedLevel(*_read(part, LEVELS, "level", text)) for part in above)
        options = read_options(partial(Learned, trained[3]), trained[4] or "", trained[2], Learned)
        return PolicySpec(levels, f"{trained[2]}:{trained[3]}", options)
    *above, last = [part.strip() for part in text.split("/")]
    stack = tuple(NamedLevel(*_read(part, LEVELS, "level", text)) for part in above)
    tick_name, tick_options = _read(last, TICKS, "tick policy", text)
    if not stack:
        raise ConfigError("policy", text, f"level/tick policy, the level one of: {', '.join(LEVELS)}")
    return PolicySpec(stack, tick_name, tick_options)


def policy_help() -> str:
    """Every name with its options and their defaults, a line each."""
    lines = ["levels:", *(f"  {name}({describe_options(kind.options)})" for name, kind in LEVELS.items())]
    ticks = ["tick policies:", *(f"  {name}({describe_options(kind.options)})" for name, kind in TICKS.items())]
    ticks.append(f"  {LEARNED}:FILE({describe_options(Learned)})  a trained policy, with or without a level before it")
    ticks.append(
        f"  {REGISTRY}:DIR(the same)  the one that trades by a registry: its champion, or for some orders its canary"
    )
    return "\n".join(lines + ticks)


def _read(part: str, kinds: dict[str, Any], what: str, whole: str) -> tuple[str, Any]:
    match = _PART.fullmatch(part)
    if match is None or match[1] not in kinds:
        trained = f", or {LEARNED}:FILE, {REGISTRY}:DIR" if kinds is TICKS else ""
        allowed = f"one of: {', '.join(kinds)}, with options in brackets{trained}"
        raise ConfigError(f"{what} in policy {whole!r}", part, allowed)
    return match[1], read_options(kinds[match[1]].options, match[2] or "", match[1])


def _with_options(name: str, options: Any) -> str:
    text = options_text(options)
    return f"{name}({text})" if text else name
