"""Execution episodes: what they cost adds up, what is seen is not our own, and nothing but seed and actions decides."""

import numpy as np
import pytest

from tickwright.core.errors import ConfigError
from tickwright.learn import EpisodeConfig, ExecutionBatch
from tickwright.learn.layout import End
from tickwright.strategy.learned.actions import ACTIONS, INSIDE, KEEP, POST
from tickwright.strategy.learned.observation import BOUND
from tickwright.venue.sim.reactive.parameters import FP

CONFIG = EpisodeConfig(steps=12, messages=40, templates=3, warmup=4_000, maker_fee=-0.1, taker_fee=0.2)


@pytest.fixture(scope="module")
def batch():
    made = ExecutionBatch(CONFIG, 24, seed=5)
    yield made
    made.close()


def play(batch, seed, steps, choose):
    """Step with `choose(rng, masks)`; the outcomes of the episodes that ended, and the sums of their rewards."""
    batch.reseed(seed)
    batch.reset()
    rng = np.random.default_rng(seed)
    sums, outcomes, totals = np.zeros(batch.count), [], []
    for _ in range(steps):
        got = batch.step(choose(rng, batch.masks))
        sums += got.rewards
        for k in np.flatnonzero(got.ends):
            outcomes.append(batch.episodes["last"][k].copy())
            totals.append(sums[k])
            sums[k] = 0.0
    return np.array(outcomes), np.array(totals)


def legal(rng, masks):
    return np.array([rng.choice(np.flatnonzero(mask)) for mask in masks])


def anything(rng, masks):
    return rng.integers(0, ACTIONS, len(masks))


def test_rewards_sum_to_the_shortfall(batch):
    """Without risk aversion the rewards of an episode sum to minus its shortfall, exactly as Perold has it."""
    outcomes, totals = play(batch, 11, 60, legal)
    assert len(outcomes) > 60
    assert set(outcomes["end"]) <= {End.FILLED, End.DEADLINE}
    np.testing.assert_allclose(totals, -outcomes["shortfall"], atol=1e-9)
    np.testing.assert_allclose(outcomes["reward"], totals, atol=1e-9)
    done = outcomes["made"] + outcomes["taken"]
    np.testing.assert_array_equal(done + outcomes["unfilled"], outcomes["quantity"])
    fees = 1e4 * (0.2 * outcomes["taken"] - 0.1 * outcomes["made"]) / (outcomes["quantity"] * outcomes["arrival"])
    np.testing.assert_allclose(outcomes["fees"], fees, atol=1e-9)


def test_shortfall_from_the_account_alone():
    """Perold's formula on cash and shares of the account gives the shortfall of the outcome."""
    batch = ExecutionBatch(CONFIG, 16, seed=9, restart=False)
    batch.reset()
    rng = np.random.default_rng(1)
    for _ in range(CONFIG.steps):
        batch.step(legal(rng, batch.masks))
    account, last = batch.markets["accounts"][:, 1], batch.episodes["last"]
    assert (last["end"] != End.RUNNING).all()
    side, filled = last["side"], last["side"] * account["shares"]
    paid = -account["cash"]
    unfilled = side * (last["quantity"] - filled) * (last["end_mid"] - last["arrival"])
    cost = paid - side * filled * last["arrival"] + unfilled
    fees = 0.2 * account["taken"] - 0.1 * account["made"]
    want = 1e4 * (cost + fees) / (last["quantity"] * last["arrival"])
    np.testing.assert_allclose(last["shortfall"], want, atol=1e-9)


def test_illegal_actions_are_counted_and_change_nothing(batch):
    """An action that is not legal is keep: same episodes as with keep in its place, but for the count."""

    def replaced(rng, masks):
        asked = anything(rng, masks)
        return np.where(masks[np.arange(len(masks)), asked], asked, KEEP)

    wild, _ = play(batch, 3, 40, anything)
    tame, _ = play(batch, 3, 40, replaced)
    assert wild["refused"].sum() > 0
    assert tame["refused"].sum() == 0
    for name in ("end", "quantity", "steps", "shortfall", "made", "taken", "seed"):
        np.testing.assert_array_equal(wild[name], tame[name])


def test_neither_count_nor_threads_nor_neighbours_change_a_bit():
    """Row k of any batch is the same episode: K = 5 on one thread, K = 16 on two."""
    few, many = ExecutionBatch(CONFIG, 5, seed=2), ExecutionBatch(CONFIG, 16, seed=2, threads=2)
    few.reset()
    many.reset()
    rng = np.random.default_rng(4)
    for _ in range(30):
        np.testing.assert_array_equal(few.masks, many.masks[:5])
        actions = rng.integers(0, ACTIONS, 16)
        a, b = few.step(actions[:5]), many.step(actions)
        np.testing.assert_array_equal(a.observations, b.observations[:5])
        np.testing.assert_array_equal(a.rewards, b.rewards[:5])
        np.testing.assert_array_equal(a.ends, b.ends[:5])
    many.close()


def test_what_is_seen_is_not_our_own_order():
    """Sizes, best prices and depth that are seen do not change by an order of ours: nobody else acted in between.

    Where a quote of ours inside the spread moves the market's reference, orders at the edge of its window leave.
    """
    config = EpisodeConfig(markets=(FP.plain(),), steps=12, messages=1, latency=1, templates=3, warmup=4_000)
    seen = []
    for wanted in (KEEP, POST, INSIDE):
        batch = ExecutionBatch(config, 64, seed=5)  # the one message of a step comes before our order arrives
        batch.reset()
        batch.step(np.where(batch.masks[:, wanted], wanted, KEEP))
        live = batch.episodes["progress"]["live"] > 0
        seen.append((batch.episodes["sight"].copy(), live, batch.markets["reference"].copy()))
    assert seen[1][1].sum() > 12
    for sight, live, reference in seen[1:]:
        still = reference == seen[0][2]
        assert (still & live).sum() > 6
        for name in ("bid", "ask", "bid_sizes", "ask_sizes", "traded", "signed"):
            np.testing.assert_array_equal(sight[name][still], seen[0][0][name][still])


def test_observations_are_bounded_and_finite(batch):
    batch.reseed(8)
    batch.reset()
    rng = np.random.default_rng(8)
    for _ in range(40):
        got = batch.step(legal(rng, batch.masks))
        assert np.isfinite(got.observations).all()
        assert (np.abs(got.observations) <= BOUND).all()
        assert got.masks[:, KEEP].all()
        progress = batch.episodes["progress"]
        assert (progress["remaining"] >= 0).all()
        assert (progress["live"] <= progress["remaining"]).all()


def test_the_background_draws_alike_whatever_we_do():
    """Two policies on one seed meet the same orders and the same draws (common random numbers)."""
    told = []
    for wanted in (KEEP, POST):
        batch = ExecutionBatch(CONFIG, 16, seed=6, restart=False)
        batch.reset()
        for _ in range(CONFIG.steps):
            batch.step(np.where(batch.masks[:, wanted], wanted, KEEP))
        told.append(batch.episodes["last"].copy())
    for name in ("seed", "side", "quantity", "arrival", "template"):
        np.testing.assert_array_equal(told[0][name], told[1][name])
    assert (told[0]["shortfall"] != told[1]["shortfall"]).any()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("steps", 0), ("messages", -1), ("latency", 101), ("side", "up"), ("participation", (0.0, 0.1)),
        ("participation", (0.2, 0.1)), ("slices", 0.5), ("risk_aversion", (0.0, 1.0)), ("taker_fee", float("nan")),
        ("markets", ()), ("templates", True),
    ],
)  # fmt: skip
def test_bad_configurations_are_refused_by_name(field, value):
    with pytest.raises(ConfigError, match=field):
        EpisodeConfig(**{field: value})


@pytest.mark.parametrize("actions", [np.zeros(3, int), np.zeros(24), np.full(24, np.nan)])
def test_actions_that_are_no_actions(batch, actions):
    with pytest.raises(ConfigError, match="actions"):
        batch.step(actions)
