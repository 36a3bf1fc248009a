"""A user's own factor by its files alone, and tags: what they are, how they resolve, what is recorded."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tickwright.app.commands.factor_compute import factory_of
from tickwright.core.errors import ConfigError
from tickwright.factors.beta.config import MarketBetaConfig
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.own import FactorConfig, OwnFactory
from tickwright.factors.records import RETURN
from tickwright.factors.store.rows import Origin
from tickwright.factors.store.store import FactorStore
from tickwright.factors.tags import Tags, definition_of, parse_query

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "own_factor"
LENGTH = 30 * 60 * 10**9


def returns(values):
    rows = np.zeros(len(values), RETURN)
    rows["slot"] = 1000 + np.arange(len(values))
    rows["ts_event"] = rows["slot"] * LENGTH
    rows["ts_available"] = rows["ts_event"] + LENGTH
    rows["value"], rows["span"], rows["status"] = values, 1, 1
    return rows


def test_the_example_is_three_files_of_under_sixty_lines_and_its_own_test_passes():
    files = sorted(path.name for path in EXAMPLE.iterdir() if path.is_file())
    assert files == ["downside.py", "downside.toml", "test_downside.py"]
    assert sum(len((EXAMPLE / name).read_text().splitlines()) for name in files) < 60
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", str(EXAMPLE)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_the_example_is_the_slope_over_falling_bars_and_goes_to_the_store(tmp_path):
    """Against NumPy, window by window."""
    rng = np.random.default_rng(2)
    market = rng.normal(0, 0.01, 200)
    asset = 0.8 * market + rng.normal(0, 0.01, 200)
    factory = factory_of(EXAMPLE / "downside.toml")
    rows = factory.compute({"A": returns(asset)}, returns(market))
    for t in (60, 120, 199):
        a, m = asset[t - 39 : t + 1], market[t - 39 : t + 1]
        fell = m < 0
        row = rows.row(t, named=True)
        assert row["status"] == "ok"
        assert row["n_obs"] == fell.sum()
        assert row["value"] == pytest.approx((a * m)[fell].sum() / (m * m)[fell].sum(), rel=1e-12)
    made_by = definition_of(factory.node, factory.config.bars, factory.config.resolved(), factory.config.benchmark)
    assert made_by.tags == Tags("downside", "my.downside", "market", "40", "30min", "1")
    store = FactorStore.open(tmp_path)
    assert store.append(rows, made_by, Origin.BACKFILL, 1).rows == 200
    assert FactorConfig(**store.definitions()[made_by.series].settings) == factory.config


@pytest.mark.parametrize(
    ("module", "factor", "port"),
    [
        ("beta.known", "benchmark.leave_one_out", "weight"), ("features.known", "feature.vwap", "part"),
        ("features.known", "feature.volatility", "x"), ("beta.known_joint", "liquidity.illiquidity", "level"),
        ("beta.known_joint", "beta.sector", "other"), ("tick.factory", "beta.hayashi_yoshida", "cross"),
    ],
)  # fmt: skip
def test_a_port_that_takes_no_returns_is_refused_by_its_name(module, factor, port):
    """Nothing but `asset` and `market` is known to be of returns: a benchmark's are no weights, prices or volumes."""
    with pytest.raises(ConfigError, match=rf"ports of {factor}: got '[^']*{port}.*', expected asset, the returns"):
        _ = OwnFactory(FactorConfig(factor, module=f"tickwright.factors.{module}")).factor


def test_a_wrong_description_of_a_factor_has_a_name():
    good = factory_of(EXAMPLE / "downside.toml").config
    whole = OwnFactory(good).node.id
    floating = FactorConfig(**{**good.resolved(), "settings": {"window": 40.0, "least": 5.0}})
    assert OwnFactory(floating).node.id == whole
    for words, changes in (
        ("module: got 'nowhere'", {"module": "nowhere"}),
        ("factor: got 'my.none'", {"factor": "my.none"}),
        ("'depth', expected one of window, least", {"settings": {"depth": 1.0}}),
        ("least, which is required", {"settings": {"window": 40.0}}),
        ("a whole number", {"settings": {"window": 40.5, "least": 5.0}}),
        ("inputs are all returns", {"factor": "beta.blume"}),
    ):
        with pytest.raises(ConfigError, match=words):
            _ = OwnFactory(FactorConfig(**{**good.resolved(), **changes})).node
    with pytest.raises(ConfigError, match="those of the benchmark"):
        OwnFactory(good).compute({"A": returns([0.1])})


CONFIGS = [
    MarketBetaConfig(lookback_length=60, grid="1d", session="XNYS", benchmark="SPY"),
    MarketBetaConfig(lookback_length=60, grid="1d", session="XNYS", benchmark="QQQ"),
    MarketBetaConfig(lookback_length=390, grid="1min", session="XNYS", benchmark="basket", shrink="vasicek"),
    MarketBetaConfig(lookback_length=60, grid="1d", session="XNYS", benchmark="SPY", method="ewma"),
]


def stored(tmp_path, configs):
    store = FactorStore.open(tmp_path)
    for config in configs:
        factory = BetaFactory(config, prices=False)
        rows = returns([0.1, 0.2])
        rows["slot"] = [5000, 5001]
        rows["ts_event"], rows["ts_available"] = config.bars.begins(rows["slot"]), config.bars.ends(rows["slot"])
        market = None if config.benchmark == "basket" else rows
        made_by = definition_of(factory.node, config.bars, config.resolved(), config.benchmark)
        store.append(factory.compute({"A": rows}, market), made_by, Origin.BACKFILL, 1)
    return store


def test_tags_follow_from_the_node_and_resolve_to_ids(tmp_path):
    store = stored(tmp_path, CONFIGS)
    tags = {s: (t.kind, t.benchmark, t.horizon, t.grid, t.version, t.stage) for s, t in store.tags().items()}
    assert sorted(tags.values()) == [
        ("ewma", "SPY", "60", "1d XNYS", "1", "research"), ("ols", "QQQ", "60", "1d XNYS", "1", "research"),
        ("ols", "SPY", "60", "1d XNYS", "1", "research"),
        ("ols/vasicek", "basket", "390", "1min XNYS", "1", "research"),
    ]  # fmt: skip
    ids = [BetaFactory(c, prices=False).factor_id for c in CONFIGS]
    assert ids[0] == ids[1]  # whose returns came in is no part of a node
    for words, wanted in (
        (["family=beta"], [0, 1, 2, 3]), (["kind=ols"], [0, 1]), (["kind=ols", "benchmark=SPY"], [0]),
        (["benchmark=SPY", "benchmark=QQQ"], [0, 1, 3]), (["grid=1min XNYS"], [2]), (["stage=production"], []),
    ):  # fmt: skip
        expected = sorted((ids[k], CONFIGS[k].benchmark) for k in wanted)
        assert store.resolve(parse_query(words)) == expected
    for wrong in ("colour=red", "family", "family="):
        with pytest.raises(ConfigError, match="family, kind, benchmark, horizon, grid, version, stage"):
            parse_query([wrong])


def test_a_recorded_list_does_not_change_by_what_comes_later(tmp_path):
    store = stored(tmp_path, CONFIGS[:1])
    first = store.record("daily", {"family": ["beta"]}, 5)
    stored(tmp_path, CONFIGS)
    again = FactorStore.open(tmp_path)
    assert again.recorded("daily") == first
    assert len(again.resolve(first.query)) == 4
    second = again.record("daily", {"family": ["beta"]}, 4)  # a clock that stepped back
    assert (len(second.ids), second.recorded) == (4, 5)
    assert FactorStore.open(tmp_path).recorded("daily") == second
    assert FactorStore.open(tmp_path).book.lists == (first, second)
    with pytest.raises(ConfigError, match="one of daily"):
        again.recorded("weekly")
    with pytest.raises(ConfigError, match="that a stored factor matches"):
        again.record("none", {"family": ["alpha"]}, 6)


def test_a_stage_is_said_of_one_factor_and_from_then_on(tmp_path):
    store = stored(tmp_path, CONFIGS)
    series = (BetaFactory(CONFIGS[0], prices=False).factor_id, "SPY")
    store.stage(series, "production", 9)
    assert FactorStore.open(tmp_path).resolve({"stage": ["production"]}) == [series]
    store.stage(series, "retired", 10)
    assert store.resolve({"stage": ["retired"]}) == [series]
    for wrong in ((series, "live"), (("0" * 32, "SPY"), "retired")):
        with pytest.raises(ConfigError, match=r"research, candidate|one that is stored"):
            store.stage(*wrong, 11)
