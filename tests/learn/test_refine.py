"""Refinement: the correction against closed forms and a made-up market, the cap, the criteria, what a run says."""

import json
from dataclasses import asdict, replace
from itertools import pairwise

import numpy as np
import pytest
import tiny_execution as tiny

from tickwright.core.errors import ConfigError, FileFormatError
from tickwright.core.records import MAKER, TAKER
from tickwright.core.units import SECOND
from tickwright.learn.refine.config import RefineConfig
from tickwright.learn.refine.fills import Evidence, Run, evidence_of
from tickwright.learn.refine.judge import CHALLENGER, CHAMPION, Criterion, criteria, outcome
from tickwright.learn.refine.moments import FIGURES, figures_of, mean_and_covariance
from tickwright.learn.refine.recalibrate import PARAMETERS, estimate, recalibrate, scaled
from tickwright.learn.refine.tune import States, divergence, log_probabilities
from tickwright.run.parameters_file import MarketFile, market_toml, read_market
from tickwright.strategy.learned.network import Network
from tickwright.venue.sim.reactive.parameters import FP

SLOPES = np.array([[1.0, 0.2, 0.1], [0.1, 0.8, 0.0], [0.0, -0.1, 0.5], [0.05, 0.1, -0.2]])
ERRORS = np.full(SLOPES.shape, 0.02)
NOISE = np.array([[1.0, 0, 0, 0], [0.5, 0.8, 0, 0], [0, 0.1, 0.6, 0], [0.2, 0, 0, 0.4]])


def orders(rng, count, logs):
    """Figures of orders in a world that is linear in the logarithms of the parameters."""
    return 3.0 + SLOPES @ logs + rng.normal(size=(count, len(FIGURES))) @ NOISE.T


# -- the correction ----------------------------------------------------------------------------------------------------


def test_the_correction_is_that_of_weighted_least_squares():
    """All three far from none: NumPy's own least squares on figures divided by their errors gives the same steps, and
    the spread of many estimates is the standard error that each tells of itself."""
    truth, found, told = np.array([0.5, -0.4, 0.6]), [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        recorded, simulated = orders(rng, 400, truth), orders(rng, 1_600, np.zeros(3))
        moved = estimate(recorded, simulated, SLOPES, ERRORS)
        assert [one.status for one in moved] == ["moved"] * 3
        found.append(np.log([one.factor for one in moved]))
        told.append([one.log_error for one in moved])
        if seed < 5:
            (a, cov_a), (b, cov_b) = mean_and_covariance(recorded), mean_and_covariance(simulated)
            scale = np.sqrt(np.diag(cov_a + cov_b))
            want = np.linalg.lstsq(SLOPES / scale[:, None], (a - b) / scale, rcond=None)[0]
            np.testing.assert_allclose(found[-1], want, rtol=1e-9)
    np.testing.assert_allclose(np.mean(found, axis=0), truth, atol=0.02)
    np.testing.assert_allclose(np.std(found, axis=0), np.mean(told, axis=0), rtol=0.2)


def test_noise_moves_nothing_and_what_is_not_seen_is_refused():
    """Where nothing has changed, a parameter moves in at most a tenth of the worlds; one that moves no figure never."""
    moved = 0
    blind = SLOPES.copy()
    blind[:, 1] = ERRORS[:, 1]  # within an error of none
    for seed in range(100):
        rng = np.random.default_rng(seed)
        recorded, simulated = orders(rng, 200, np.zeros(3)), orders(rng, 800, np.zeros(3))
        moved += sum(one.status == "moved" for one in estimate(recorded, simulated, SLOPES, ERRORS))
        refused = estimate(recorded, simulated, blind, ERRORS)[1]
        assert (refused.status, refused.factor) == ("refused", 1.0)
    assert moved <= 30


def made_up(seed):
    """`simulate` of a world in which the logarithms of the parameters do what SLOPES say."""
    base = FP()

    def logs_of(market):
        return np.log([
            market.impact / base.impact, market.informed / base.informed,
            market.queues.market[1] / base.queues.market[1],
        ])  # fmt: skip

    def simulate(market, what):
        return orders(np.random.default_rng(seed), 800, logs_of(market))  # the same days every time

    return simulate, logs_of


CONFIG = RefineConfig()


def evidence(table, fills=10_000):
    return Evidence((), table, fills)


def test_a_market_is_found_again(tmp_path):
    """Bounds hold; what moved is nearer to the fills than before; the file that is written reads back to it."""
    simulate, logs_of = made_up(1)
    truth = np.array([0.4, 0.3, -0.5])
    given = evidence(orders(np.random.default_rng(2), 2_000, truth))
    found = recalibrate(FP(), given, CONFIG, simulate)
    np.testing.assert_allclose(logs_of(found.market), truth, atol=0.15)
    assert found.distance[1] < found.distance[0]
    assert set(found.figures) == {"recorded", "before", "after"}
    (tmp_path / "m.toml").write_text(market_toml(MarketFile(found.market, 9_000), {"runs": ["a"]}))
    assert read_market(tmp_path / "m.toml") == MarketFile(found.market, 9_000)
    far = recalibrate(FP(), evidence(orders(np.random.default_rng(2), 2_000, 4 * truth)), CONFIG, simulate)
    assert abs(logs_of(far.market)).max() <= np.log(CONFIG.largest_factor) + 1e-9


def test_a_written_market_reads_back(tmp_path):
    market = scaled(scaled(FP(), "impact", 1.3), "market orders", 0.7)
    (tmp_path / "m.toml").write_text(market_toml(MarketFile(market, 9_000), {"runs": ["a"], "why": {"x": 1.5}}))
    assert read_market(tmp_path / "m.toml") == MarketFile(market, 9_000)


def test_too_few_fills_and_a_correction_that_does_not_help_are_refused():
    simulate, _ = made_up(1)
    table = orders(np.random.default_rng(2), 2_000, np.array([0.4, 0.3, -0.5]))
    scarce = [
        (evidence(table[:7]), "7 orders"),
        (evidence(table, 49), "49 fills"),
        (evidence(table * np.nan), "0 orders"),
    ]
    for few, words in scarce:
        found = recalibrate(FP(), few, CONFIG, simulate)
        assert found.market == FP()
        assert {one.status for one in found.moved} == {"refused"}
        assert words in found.notes[0]

    def stubborn(market, what):  # promises something and does another thing
        away = simulate(market, what)
        return away + 50.0 if what == "corrected" else away

    found = recalibrate(FP(), evidence(table), CONFIG, stubborn)
    assert found.market == FP()
    assert "no nearer" in found.notes[0]


def test_the_figures_of_an_order_by_hand():
    row = {
        "quotes": {"filled": 3, "unfilled": 1, "drift_filled_bps": {"10s": 0.5}},
        "times_ns": {"start": 0, "deadline": 100 * SECOND}, "price_impact_bps": {"10s": 1.5},
    }  # fmt: skip
    fills = np.zeros(4, [("size", "<i8"), ("liquidity", "<i8"), ("ts_decided", "<i8")])
    fills["size"], fills["liquidity"] = (10, 20, 30, 40), (MAKER, TAKER, TAKER, MAKER)
    fills["ts_decided"] = np.array([99, 97, 98, 99]) * SECOND  # a take 3 s before the end is not forced, one at 2 s is
    assert figures_of(row, fills).tolist() == [1.5, 0.5, 0.75, 0.3]
    row["quotes"] = {"filled": 0, "unfilled": 0, "drift_filled_bps": {"10s": None}}
    assert np.isnan(figures_of(row, fills)[1:3]).all()


# -- what a run says ---------------------------------------------------------------------------------------------------


def run_folder(folder, policy="rl:abc", fills=3):
    import polars as pl

    folder.mkdir(exist_ok=True)
    manifest = {"fingerprint": "f", "config": {"policies": ["twap/take", f"{policy}(lead=2s)"]}}
    order = {
        "policy": "rl:p.twp(lead=2s)", "instrument": "X", "parent_id": 4, "side": "buy", "ordered": "300",
        "times_ns": {"start": 70 * SECOND, "deadline": 170 * SECOND}, "price_impact_bps": {"10s": 1.0},
        "quotes": {"filled": 1, "unfilled": 1, "drift_filled_bps": {"10s": 0.1}},
    }  # fmt: skip
    result = {
        "run": {
            "policies": ["twap/take", "rl:p.twp(lead=2s)"], "manifest": "f",
            "instruments": {"X": {"recorded_ns": {"begin": 60 * SECOND}, "lot_size": "100"}},
        },
        "orders": [order, order | {"policy": "twap/take"}],
    }  # fmt: skip
    columns = {name: [1] * fills for name in ("size", "liquidity", "ts_decided")}
    columns |= {"parent": [4] * fills, "policy": ["rl:p.twp(lead=2s)"] * (fills - 1) + ["twap/take"]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "result.json").write_text(json.dumps(result))
    pl.DataFrame(columns).write_parquet(folder / "fills.parquet")
    return folder


def test_a_run_is_read_by_the_content_of_its_policy(tmp_path):
    """Its own orders and fills alone, in lots and times apart from the day; anybody else's run is refused."""
    found = evidence_of((run_folder(tmp_path / "a"), run_folder(tmp_path / "b")), "abc")
    assert found.fills == 4
    assert len(found.figures) == 2
    (order,) = found.runs[0].orders
    assert (order.side, order.lots, order.start, order.end) == ("buy", 3, 10 * SECOND, 110 * SECOND)
    assert found.runs[0].policy == "rl:abc(lead=2s)"
    with pytest.raises(ConfigError, match="in it were twap/take, rl:abc"):
        evidence_of((tmp_path / "a",), "other")
    with pytest.raises(FileFormatError, match="a run's folder"):
        evidence_of((tmp_path,), "abc")
    broken = run_folder(tmp_path / "c")
    (broken / "fills.parquet").write_bytes(b"nothing")
    with pytest.raises(FileFormatError, match=r"fills\.parquet"):
        evidence_of((broken,), "abc")
    other = run_folder(tmp_path / "d")
    (other / "manifest.json").write_text((other / "manifest.json").read_text().replace('"f"', '"g"'))
    with pytest.raises(FileFormatError, match="manifest"):
        evidence_of((other,), "abc")


def test_of_a_champion_and_a_canary_the_orders_of_each_are_its_own(tmp_path):
    """A run by a registry names both; an order counts for the policy that decided it, and for the name as a whole."""
    folder = run_folder(tmp_path / "a", policy="twap/rl:abc+def")
    result = json.loads((folder / "result.json").read_text())
    order = result["orders"][0]
    result["orders"] = [
        order | {"decided_by": {"stage": stage, "artefact": "x"}, "side": side, "parent_id": number}
        for number, (stage, side) in enumerate((("champion", "buy"), ("canary", "sell"), ("champion", "buy")), 3)
    ]
    (folder / "result.json").write_text(json.dumps(result))
    champion, canary = (evidence_of((folder,), policy).runs[0] for policy in ("abc", "def"))
    assert [order.side for order in champion.orders] == ["buy", "buy"]
    assert [order.side for order in canary.orders] == ["sell"]
    assert (champion.policy, canary.policy) == ("twap/rl:abc(lead=2s)", "twap/rl:def(lead=2s)")
    for other in ("ab", "bc", "abcdef", "abc+def"):
        with pytest.raises(ConfigError, match="in it were"):
            evidence_of((folder,), other)


# -- the cap -----------------------------------------------------------------------------------------------------------


def network(seed, scale=1.0):
    rng = np.random.default_rng(seed)

    def drawn(*shape):
        return (scale * rng.normal(size=shape)).astype(np.float32)

    widths = (tiny.OBSERVED, 16, tiny.ACTIONS)
    layers = tuple((drawn(a, b), drawn(b)) for a, b in pairwise(widths))
    return Network(drawn(tiny.OBSERVED), 0.5 + drawn(tiny.OBSERVED) ** 2, layers)


def some_states():
    rng = np.random.default_rng(5)
    masks = rng.random((300, tiny.ACTIONS)) < 0.6
    masks[:, 0] = True
    return States(rng.normal(size=(300, tiny.OBSERVED)).astype(np.float32), masks)


def test_the_divergence_is_that_of_categorical_distributions():
    torch = pytest.importorskip("torch")
    states = some_states()
    one, two = (log_probabilities(network(seed), states) for seed in (1, 2))
    made = [
        torch.distributions.Categorical(logits=torch.from_numpy(np.where(np.isfinite(x), x, -1e30))) for x in (one, two)
    ]
    assert divergence(one, two) == pytest.approx(float(torch.distributions.kl_divergence(*made).mean()), rel=1e-6)
    assert divergence(one, one) == 0.0
    assert divergence(one, two) != pytest.approx(divergence(two, one), rel=1e-3)


def tuned_with(cap, rate, steps=6_000, **more):
    pytest.importorskip("torch")
    from tickwright.learn.refine.tune import tune
    from tickwright.learn.train.config import PpoConfig, TrainConfig

    ppo = PpoConfig(
        environments=50, rollout=12, minibatch=150, hidden=(16,), learning_rate=rate, entropy=0.0, reward_scale=0.3
    )
    recipe = TrainConfig(steps=steps, seed=4, ppo=ppo)
    config = RefineConfig(divergence=cap, states=512, leash=0.0, **more)
    return tune(network(3, 0.3), recipe, tiny.TinyProblem(), config, lambda *a: None)


def test_no_policy_above_the_cap_is_kept():
    """A training that leaps ends at once, and what is kept is the last one below; measured anew, it is below."""
    from tickwright.learn.artefact import NetworkPolicy
    from tickwright.learn.refine.tune import states_of

    old = network(3, 0.3)
    for cap, rate in ((0.01, 3e-3), (0.05, 1e-2), (1e-9, 3e-3)):
        found = tuned_with(cap, rate)
        assert found.path[-1] > cap
        assert all(value <= cap for value in found.path[:-1])
        assert found.divergence == (found.path[-2] if len(found.path) > 1 else 0.0)
        states = states_of(tiny.TinyProblem(), NetworkPolicy(old), 512)
        again = divergence(log_probabilities(found.network, states), log_probabilities(old, states))
        assert again == pytest.approx(found.divergence, abs=1e-12)
        assert "the cap" in found.why
    assert found.divergence == 0.0  # the last cap is below any step
    assert all((a == b).all() for a, b in zip(found.network.arrays().values(), old.arrays().values(), strict=True))


def test_with_room_it_gets_better_and_is_the_same_again():
    """On the problem whose every policy has a known cost; the cap is far away."""
    from tickwright.learn.artefact import NetworkPolicy

    first, again = (tuned_with(5.0, 3e-3, steps=30_000) for _ in range(2))
    assert first.path == again.path
    assert first.why == "all 30,000 steps"
    before, after = (tiny.solve(tiny.table_of(NetworkPolicy(n).decide)) for n in (network(3, 0.3), first.network))
    assert after < 0.8 * before


def test_a_learner_begins_as_the_policy_and_its_value_learns_alone():
    pytest.importorskip("torch")
    from tickwright.learn.artefact import NetworkPolicy
    from tickwright.learn.train.config import PpoConfig
    from tickwright.learn.train.ppo import Learner
    from tickwright.learn.train.rollout import Running, collect

    old, batch = network(3), tiny.TinyBatch(50, 1)
    ppo = PpoConfig(environments=50, rollout=12, minibatch=150, hidden=(16,), reward_scale=0.3)
    learner = Learner(ppo, tiny.OBSERVED, tiny.ACTIONS, 1)
    learner.begin_from(old)
    states = States(batch.observations, batch.masks)
    actions, log_probs, _ = learner.act(batch.observations, batch.masks)
    want = log_probabilities(old, states)[np.arange(50), actions]
    np.testing.assert_allclose(log_probs, want, atol=1e-5)
    rollout = collect(tiny.TinyProblem(), batch, learner.act, ppo, Running(np.zeros(50)), NetworkPolicy(old))
    taught = log_probabilities(old, States(rollout.observations, rollout.masks)).argmax(axis=1)
    assert (rollout.taught == taught).all()
    assert len(np.unique(taught)) > 1
    losses = [learner.value(rollout) for _ in range(20)]
    assert losses[-1] < 0.8 * losses[0]
    made = learner.model.network(learner.mean, learner.scale)
    assert all((a == b).all() for a, b in zip(made.arrays().values(), old.arrays().values(), strict=True))
    with pytest.raises(ConfigError, match="layers of"):
        learner.begin_from(Network(old.mean, old.scale, old.layers[:1]))


def trained(config, **episode):
    from test_artefact import random_network

    from tickwright.strategy.learned.container import TrainedPolicy

    return TrainedPolicy(random_network(), ("m",), 2.0, 60.0, episode, {}, {"config": config})


def test_the_training_is_that_of_the_champion_but_gentler():
    """Its episodes in the corrected market, its recipe, its widths; one whose outputs are values is refused."""
    from tickwright.learn.refine.tune import episode_of, recipe

    market = scaled(FP(), "impact", 1.5)
    champion = trained({"ppo": {"environments": 32, "rollout": 10, "minibatch": 160, "entropy": 0.02}}, steps=12,
                       participation=[0.01, 0.02], unknown=3)  # fmt: skip
    episode = episode_of(champion, market)
    assert (episode.markets, episode.steps, episode.participation) == ((market,), 12, (0.01, 0.02))
    made = recipe(champion, episode, CONFIG)
    assert (made.ppo.environments, made.ppo.entropy, made.ppo.learning_rate) == (32, 0.0, CONFIG.learning_rate)
    assert made.ppo.hidden == tuple(champion.network.widths[1:-1].tolist())
    with pytest.raises(ConfigError, match="sb3-dqn"):
        recipe(trained({"algorithm": "sb3-dqn"}), episode, CONFIG)


# -- the criteria ------------------------------------------------------------------------------------------------------


def scenario(name, bps, ends, cost=1.0, cvar=0.99, error=0.01):
    row = {"difference_to": {CHAMPION: {"bps": bps, "ci95": ends}}, "mean_bps": cost + bps}
    row["cvar_ratio_to"] = {CHAMPION: {"ratio": cvar, "ci95": [cvar - error, cvar + error]}}
    return {"name": name, "rows": [{"mean_bps": cost}, row], "market": {"half_spread_bps": 0.5}}


def document(**changed):
    given = {
        "scenarios": [scenario("refined", -0.02, [-0.03, -0.01]), scenario("refined: a", 0.0, [-0.01, 0.019])],
        "replay": [replay_day(-0.1, [-0.3, 0.1])], "gate": GATE | {"passed": True},
        "test_seeds": {"set": 1, "trained_with": False},
        "episodes": {"headline": 50_000, "cell": 20_000},
    }  # fmt: skip
    return given | changed


def replay_day(bps, ends, starts=24, crossing=2.0):
    rows = [{"policy": "twap/take", "mean_bps": crossing}, {"policy": CHAMPION, "difference_to_first": None}]
    rows.append({"policy": CHALLENGER, "difference_to_first": {"bps": bps, "ci95": ends}})
    return {"instrument": "X", "date": "2026-01-05", "rows": rows, "orders": 2 * starts}


GATE = {"passed": False, "market": {"checks": [{"name": "round trip", "passed": False}]}, "policies": {}}
REGIME = scenario("refined", -0.02, [-0.03, -0.01])


@pytest.mark.parametrize(
    ("failing", "changed", "more"),
    [
        ((), {}, {}),
        (("mean",), {"scenarios": [scenario("refined", -0.01, [-0.03, 0.0]), scenario("s", 0.0, [0.0, 0.0])]}, {}),
        (("regimes",), {"scenarios": [REGIME, scenario("s", 0.0, [-0.01, 0.021])]}, {}),
        (("regimes",), {"scenarios": [REGIME, scenario("s", 0.0, [-0.01, 0.019], cost=0.6)]}, {}),
        ((), {"scenarios": [REGIME, scenario("s", 0.0, [-0.01, 0.009], cost=0.001)]}, {}),  # of half a spread
        ((), {"scenarios": [REGIME, scenario("s", 0.0, [-0.01, 0.04])]}, {"worse": 0.05}),
        (("tail",), {"scenarios": [scenario("refined", -0.02, [-0.03, -0.01], cvar=1.011), REGIME]}, {}),
        (("tail",), {"scenarios": [scenario("refined", -0.02, [-0.03, -0.01], error=0.04), REGIME]}, {}),
        ((), {"scenarios": [scenario("refined", -0.02, [-0.03, -0.01], cvar=1.005), REGIME]}, {}),
        (("replay",), {"replay": []}, {}),
        ((), {"replay": []}, {"without_replay": True}),
        (("replay",), {"replay": [replay_day(-0.1, [-0.3, 0.1]), replay_day(0.2, [0.01, 0.3])]}, {}),
        (("replay",), {"replay": [replay_day(-0.1, [-0.5, 0.21])]}, {}),  # not surely dearer, and it may be
        ((), {"replay": [replay_day(0.15, [0.1, 0.19])]}, {}),
        (("replay",), {"replay": [replay_day(-0.3, [-0.5, -0.1], starts=23)]}, {}),
        (("replay",), {"replay": [replay_day(0.0, [-0.1, 0.01], crossing=-1.0)]}, {}),
        (("size",), {"episodes": {"headline": 49_999, "cell": 20_000}}, {}),
        (("size",), {"episodes": {"headline": 50_000, "cell": 19_999}}, {}),
        (("size",), {}, {"quick": True, "gate_books": 2_048}),
        (("size",), {}, {"gate_books": 2_046}),
        (("gate",), {"gate": GATE}, {}),
        (("seeds",), {"test_seeds": {"set": 2, "trained_with": True}}, {}),
    ],
)
def test_each_criterion_holds_the_champion_by_itself(failing, changed, more):
    found = criteria(document(**changed), 0.01, RefineConfig(**more))
    assert tuple(one.name for one in found if not one.passed) == failing


@pytest.mark.parametrize(
    ("verdict", "changed", "more"),
    [
        ("promoted", {}, {}),
        ("would-pass", {"replay": []}, {"without_replay": True}),
        ("would-pass", {"gate": None}, {"gate": False}),
        ("kept", {"gate": None, "replay": []}, {"gate": False}),
        ("kept", {"gate": None}, {"gate": False, "quick": True}),
        ("kept", {"gate": GATE}, {}),
    ],
)
def test_what_was_left_out_or_was_a_look_promotes_nobody(verdict, changed, more):
    assert outcome(criteria(document(**changed), 0.01, RefineConfig(**more))) == verdict


def test_the_words_say_what_was_left_out():
    from tickwright.learn.refine.words import _mark, _reason

    held_to = [asdict(Criterion("mean", True, "")), asdict(Criterion("gate", True, "", shown=False))]
    assert [_mark(one) for one in held_to] == ["pass", "open"]
    assert "champion stays" in _reason({"verdict": "would-pass", "criteria": held_to})
    assert "gate was left out" in _reason({"verdict": "would-pass", "criteria": held_to})


def test_the_words_say_what_a_correction_cannot_see():
    from tickwright.learn.refine.words import not_shown

    verdict = {"quick": False, "trained_in_market": True, "recalibration": {"moved": []}}
    text = " ".join(not_shown(document() | verdict))
    assert "impact, the informed and market orders alone can move" in text


def test_every_challenger_meets_episodes_of_its_own():
    """Another seed, champion or challenger: another seed of the test. The very same: the same again."""
    from tickwright.learn.refine.judge import test_seed

    one, two, three = (trained({"n": n}) for n in range(3))
    drawn = [test_seed(*given) for given in ((1, one, two), (2, one, two), (1, three, two), (1, one, three))]
    assert len(set(drawn)) == 4
    assert test_seed(1, one, trained({"n": 1})) == drawn[0]


def test_a_day_that_a_run_traded_on_is_no_test():
    """A recorded one of that instrument, that is; a simulated day is another one in spite of its date."""
    from tickwright.learn.benchmark.config import ReplayConfig, ReplayDay
    from tickwright.learn.refine.flow import _check_unseen

    asked = {"date": "2026-01-05", "market": "", "orders": [{"instrument": "X"}]}
    days = ReplayConfig("ticks", (ReplayDay("X", "2026-01-06"), ReplayDay("X", "2026-01-05")))

    def run(**changed):
        return Evidence((Run({"config": asked | changed}, "", ()),), np.zeros((0, 4)), 0)

    with pytest.raises(ConfigError, match=r"X 2026-01-05.*no RUN traded"):
        _check_unseen(run(), RefineConfig(replay=days))
    for other in (run(date="2026-01-04"), run(market="fp"), run(orders=[{"instrument": "Y"}])):
        _check_unseen(other, RefineConfig(replay=days))


def test_above_the_cap_nothing_is_promoted():
    found = criteria(document(), 0.051, CONFIG)
    assert [one.name for one in found if not one.passed] == ["cap"]


@pytest.mark.parametrize(("name", "value"), [("divergence", -1.0), ("steps", -1), ("least_orders", 3), ("worse", 2.0)])
def test_wrong_settings_are_refused(name, value):
    with pytest.raises(ConfigError, match=name):
        replace(CONFIG, **{name: value})
    assert PARAMETERS == ("impact", "informed", "market orders")
