"""The time-of-day mean of a level, asked for or not: what liquidity and volatility share."""

from __future__ import annotations

from tickwright.core.errors import ConfigError
from tickwright.factors.beta import known_joint
from tickwright.factors.beta.config import MarketBetaConfig, whole
from tickwright.factors.beta.joint import within_sessions
from tickwright.factors.beta.season_kernel import SeasonConfig
from tickwright.factors.graph import Node

_USUAL, _MOST, _MOST_BARS = 20, 1_000, 30_000
"""Sessions, and slots of one: every slot of every session is kept."""


def season_of(sessions: int | None, least: int | None, market: MarketBetaConfig) -> tuple[int, int]:
    """(sessions of the mean, fewest of them), with the usual ones where nothing is said. Raises ConfigError."""
    if sessions is None:
        sessions = _USUAL if within_sessions(market) else 0
    whole("season_sessions", sessions, 0, _MOST)
    if sessions and not within_sessions(market):
        raise ConfigError("season_sessions", sessions, f"0: a grid of {market.bars.text} has no times of day")
    if sessions and market.bars.bars_per_session > _MOST_BARS:
        raise ConfigError("season_sessions", sessions, f"0, or a grid of {_MOST_BARS} bars a session at most")
    if least is None:
        least = -(-sessions // 4)
    whole("min_sessions", least, min(sessions, 1), sessions or 0)
    return sessions, least


def without_season(level: Node, sessions: int | None, least: int | None, market: MarketBetaConfig) -> Node:
    """A level less its time-of-day mean over earlier sessions; as it is where there are none."""
    if not sessions:
        return level
    config = SeasonConfig(sessions, least or 1, market.bars.bars_per_session)
    return Node(known_joint.SEASON, config, {"level": level})
