"""Episodes in markets of several venues with a dark pool: what an action does there, and what it costs."""

import dataclasses as dc

import numpy as np
import pytest

from tickwright.core.errors import ConfigError
from tickwright.learn import EpisodeConfig, ExecutionBatch
from tickwright.learn.layout import End
from tickwright.strategy.learned.actions import ACTIONS, BOTH, CROSS, KEEP, POST, PULL
from tickwright.strategy.learned.layout import OBSERVED
from tickwright.strategy.learned.observation import BOUND
from tickwright.venue.sim.reactive.check import check_market
from tickwright.venue.sim.reactive.parameters import FP, Flow, Pool, Venue

THREE = (
    Venue("A", share=2.0, maker_fee=-0.25, taker_fee=0.25),
    Venue("B", share=1.0, maker_fee=0.125, taker_fee=-0.125, latency_ns=2e8),
    Venue("C", share=1.0, taker_fee=0.5),
)
POOL = Pool(ping=0.3, rest=0.2, patience=20.0, fee=0.0625)
MARKET = FP(flow=Flow(venues=THREE, pool=POOL))
CONFIG = EpisodeConfig(
    markets=(MARKET,), steps=12, messages=30, latency=2, templates=3, warmup=4_000, participation=(0.05, 0.2)
)
BLOCK = ACTIONS - POST
DARK = POST + 3 * BLOCK  # the first action of the pool


def at(venue, base):
    """The number of a base action at a venue."""
    return base + BLOCK * venue


@pytest.fixture(scope="module")
def batch():
    return ExecutionBatch(CONFIG, 32, seed=3)


def choices(rng, masks):
    """Legal actions, those of the pool more often."""
    weights = masks * (rng.random(masks.shape) + 0.5 * (np.arange(masks.shape[1]) >= DARK))
    return weights.argmax(axis=1)


def test_actions_and_observations_are_as_many_as_the_places_ask_for(batch):
    assert (CONFIG.actions, CONFIG.observed) == (2 + 3 * 18 + 4, 30 + 3 * 6 + 2)
    observations, masks = batch.reset()
    assert (observations.shape, masks.shape) == ((32, 50), (32, 60))
    alone = dc.replace(CONFIG, markets=(FP(flow=Flow(pool=POOL)),))
    assert (alone.actions, alone.observed) == (ACTIONS + 4, OBSERVED + 2)
    one = dc.replace(CONFIG, markets=(FP(flow=Flow(venues=THREE[:1])),))
    assert (one.actions, one.observed) == (EpisodeConfig().actions, EpisodeConfig().observed) == (ACTIONS, OBSERVED)


def test_rewards_fees_and_shortfall_are_those_of_the_account():
    # Invariant: the rewards of an episode sum to minus its shortfall, which cash in half ticks and lots by venue give.
    batch = ExecutionBatch(CONFIG, 96, seed=9, restart=False)
    batch.reset()
    rng, total = np.random.default_rng(1), np.zeros(96)
    for _ in range(CONFIG.steps):
        total += batch.step(choices(rng, batch.masks)).rewards
    account, ledger, last = batch.markets["accounts"][:, 1], batch.markets["ledger"][:, 1], batch.episodes["last"]
    assert set(last["end"].tolist()) <= {End.FILLED, End.DEADLINE}
    np.testing.assert_allclose(total, -last["shortfall"], atol=1e-9)
    side, filled = last["side"], last["side"] * account["shares"]
    np.testing.assert_array_equal(filled + last["unfilled"], last["quantity"])
    np.testing.assert_array_equal(last["made"] + last["taken"], filled)
    dark = ledger["dark_made"] + ledger["dark_taken"]
    np.testing.assert_array_equal(last["dark"], dark)
    assert (ledger["dark_made"] > 0).sum() > 5
    assert (ledger["dark_taken"] > 0).sum() > 5
    sixteenths = 16 * np.array([[v.maker_fee, v.taker_fee] for v in THREE])  # whole numbers: fees are exact
    fees = (ledger["made_at"][:, :3] @ sixteenths[:, 0] + ledger["taken_at"][:, :3] @ sixteenths[:, 1] + dark) / 16
    scale = 1e4 / (last["quantity"] * last["arrival"])
    np.testing.assert_allclose(last["fees"], fees * scale, atol=1e-9)
    paid = -(2 * account["cash"] + ledger["dark_cash"]) / 2
    unfilled = side * (last["quantity"] - filled) * (last["end_mid"] - last["arrival"])
    np.testing.assert_allclose(
        last["shortfall"], scale * (paid - side * filled * last["arrival"] + unfilled + fees), atol=1e-9
    )
    assert all(check_market(market, batch._params[0]) == [] for market in batch.markets)


def test_never_more_in_the_market_than_is_left_and_the_child_in_one_place(batch):
    batch.reseed(5)
    batch.reset()
    rng = np.random.default_rng(2)
    seen = np.zeros(2, int)
    for _ in range(60):
        got = batch.step(choices(rng, batch.masks))
        assert np.isfinite(got.observations).all()
        assert (np.abs(got.observations) <= BOUND).all()
        progress, places = batch.episodes["progress"], batch.episodes["places"]
        assert (progress["live"] + places["dark"] <= progress["remaining"]).all()
        assert (np.minimum(progress["live"], places["dark"]) == 0).all()
        seen += [(progress["live"] > 0).sum(), (places["dark"] > 0).sum()]
        shares = got.observations[:, OBSERVED : OBSERVED + 18].reshape(-1, 3, 6)
        quoted = batch.episodes["sight"]["quoted"] == 1
        np.testing.assert_allclose(shares[quoted, :, :2].sum(axis=1), 1.0, atol=1e-6)
        np.testing.assert_array_equal(shares[:, :, 5].sum(axis=1), progress["live"] > 0)
    assert seen.min() > 100


def test_an_action_acts_at_its_venue():
    batch = ExecutionBatch(CONFIG, 24, seed=6)
    for venue in range(3):
        batch.reset()
        wanted = at(venue, POST)
        batch.step(np.where(batch.masks[:, wanted], wanted, KEEP))
        live = batch.episodes["progress"]["live"] > 0
        assert live.sum() > 8
        for k in np.flatnonzero(live):
            child = batch.episodes["child"][k]
            assert batch.markets["book"]["orders"]["venue"][k, child] == batch.episodes["places"]["child"][k] == venue
        before = batch.markets["ledger"]["taken_at"][:, 1].copy()
        cross = at(venue, CROSS)
        able = batch.masks[:, cross]
        here = batch.episodes["places"]["ask_sizes"], batch.episodes["places"]["bid_sizes"]
        theirs = np.where(batch.episodes["task"]["side"] > 0, here[0][:, venue], here[1][:, venue])
        np.testing.assert_array_equal(able[theirs == 0], False)
        batch.step(np.where(able, cross, KEEP))
        taken = batch.markets["ledger"]["taken_at"][:, 1] - before
        over = batch.episodes["step"] == 0
        assert (taken[able & ~over, venue] > 0).any()
        assert (np.delete(taken[~over], venue, axis=1) == 0).all()


def test_the_child_goes_into_the_pool_and_comes_back():
    batch = ExecutionBatch(dc.replace(CONFIG, messages=2, latency=0, markets=(_quiet(),)), 16, seed=8)
    batch.reset()
    assert not batch.masks[:, PULL].any()
    batch.step(np.full(16, at(0, POST)))
    batch.step(np.full(16, DARK))
    places, progress = batch.episodes["places"], batch.episodes["progress"]
    hidden = places["dark"] > 0
    assert hidden.sum() > 12
    np.testing.assert_array_equal(places["dark"][hidden], progress["remaining"][hidden])
    assert (progress["live"][hidden] == 0).all()
    assert batch.masks[hidden, PULL].all()
    assert not batch.masks[hidden][:, DARK:].any()  # all rests there: neither again, nor against oneself
    batch.step(np.where(hidden, at(1, POST), KEEP))
    back = hidden & (batch.episodes["step"] > 0)
    assert (batch.episodes["places"]["dark"][back] == 0).all()
    assert (batch.episodes["progress"]["live"][back] > 0).all()


def _quiet():
    near = tuple(dc.replace(venue, latency_ns=0.0) for venue in THREE)
    return FP(flow=Flow(venues=near, pool=Pool(ping=0.0, rest=0.0)))


def test_illegal_and_unknown_numbers_are_keep():
    told = []
    for replace in (False, True):
        batch = ExecutionBatch(CONFIG, 16, seed=2, restart=False)
        batch.reset()
        rng = np.random.default_rng(3)
        for _ in range(CONFIG.steps):
            actions = rng.integers(-2, CONFIG.actions + 5, 16)
            known = (actions >= 0) & (actions < CONFIG.actions)
            legal = known & batch.masks[np.arange(16), np.where(known, actions, 0)]
            batch.step(np.where(legal, actions, KEEP) if replace else actions)
        told.append(batch.episodes["last"].copy())
    assert told[0]["refused"].sum() > 20
    assert told[1]["refused"].sum() == 0
    for name in ("end", "steps", "shortfall", "made", "taken", "dark", "seed"):
        np.testing.assert_array_equal(told[0][name], told[1][name])


def test_neither_count_nor_threads_change_a_bit():
    few, many = ExecutionBatch(CONFIG, 5, seed=2), ExecutionBatch(CONFIG, 16, seed=2, threads=2)
    few.reset()
    many.reset()
    rng = np.random.default_rng(4)
    for _ in range(30):
        np.testing.assert_array_equal(few.masks, many.masks[:5])
        actions = choices(rng, many.masks)
        a, b = few.step(actions[:5]), many.step(actions)
        np.testing.assert_array_equal(a.observations, b.observations[:5])
        np.testing.assert_array_equal(a.rewards, b.rewards[:5])
    many.close()


def test_a_far_venue_is_reached_later():
    """Latency in nanoseconds over the mean time of a message, rounded, beyond the configuration's own."""
    batch = ExecutionBatch(CONFIG, 4, seed=1)
    reference = batch.references[0]
    messages = round(2e8 / 1e9 / reference["seconds"])
    assert reference["latency"].tolist() == [0, messages, 0, 0]
    assert messages > 1
    far = dc.replace(THREE[1], latency_ns=1e12)
    with pytest.raises(ConfigError, match="markets"):
        ExecutionBatch(dc.replace(CONFIG, markets=(FP(flow=Flow(venues=(THREE[0], far))),)), 1)
    # What joins a queue while an action is under way joins before it.
    config = dc.replace(CONFIG, messages=messages + 3, latency=2)
    rows = [ExecutionBatch(config, 16, seed=1) for _ in range(2)]
    for venue, other in enumerate(rows):
        other.reset()
        other.step(np.full(16, at(venue, POST)))
    both = (rows[0].episodes["child"] >= 0) & (rows[1].episodes["child"] >= 0)
    assert both.sum() > 6
    born = [r.markets["book"]["orders"]["born"][np.arange(16), r.episodes["child"]][both] for r in rows]
    assert (born[0] <= born[1]).all()
    assert (born[0] < born[1]).sum() > 3


def test_markets_of_a_configuration_have_as_many_venues():
    for others in (FP(), FP(flow=Flow(venues=THREE)), FP(flow=Flow(venues=THREE[:2], pool=POOL))):
        with pytest.raises(ConfigError, match="markets"):
            EpisodeConfig(markets=(MARKET, others))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("checker", ["gymnasium.utils.env_checker", "stable_baselines3.common.env_checker"])
def test_others_checkers_pass(checker):
    module = pytest.importorskip(checker)
    from tickwright.learn import ExecutionEnv

    module.check_env(ExecutionEnv(CONFIG, seed=1), skip_render_check=True)


def test_a_policy_trains_a_little():
    stable = pytest.importorskip("stable_baselines3")
    from tickwright.learn import ExecutionVecEnv

    env = ExecutionVecEnv(CONFIG, 8, seed=1)
    model = stable.PPO("MlpPolicy", env, n_steps=12, batch_size=48, n_epochs=1, seed=0, device="cpu")
    model.learn(96)
    assert np.isfinite(model.rollout_buffer.rewards).all()
    env.close()


def test_numbering_is_what_the_docstring_says():
    assert at(0, BOTH) < at(1, POST) == 20 == at(0, BOTH) + 3
    assert CONFIG.actions - 4 == DARK
