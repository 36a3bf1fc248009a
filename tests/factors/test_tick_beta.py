"""Tick beta: the merge against a double loop, a known beta under random observation, statuses, the same bits always."""

import warnings
from itertools import takewhile

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ticking_worlds import BETA, brute, previous_tick_beta, prices, ticks_on

from tickwright.core.errors import BenchmarkError, ConfigError, DataError, FileFormatError
from tickwright.core.tables import PRINT, TOP_OF_BOOK
from tickwright.core.units import MINUTE, SECOND
from tickwright.factors import batch
from tickwright.factors.beta import known
from tickwright.factors.beta.section_kernel import BlumeConfig
from tickwright.factors.checks import CHECKS
from tickwright.factors.graph import Graph, Node
from tickwright.factors.grid import Grid
from tickwright.factors.records import Status
from tickwright.factors.tick.cases import made_ticks, tick_cases, tick_configs
from tickwright.factors.tick.compute import FineGridWarning, compute_tick_beta
from tickwright.factors.tick.config import TickBetaConfig
from tickwright.factors.tick.factory import TickBetaFactory
from tickwright.factors.tick.stream import TickStream
from tickwright.factors.tick.sums import CROSS, MARKET, PAIRS, TickSums

CONFIG = TickBetaConfig(grid="1min", lookback_length=60)
GRID = CONFIG.bars
OK = int(Status.OK)

times = st.lists(st.integers(0, 40), max_size=30)
"""Few moments for many ticks: shared ones, double ones, intervals that end where others begin."""


def sums(x, y, config=CONFIG):
    clock, samples = TickSums(config, 1).take([x], y)
    return clock, {name: rows if name == MARKET else rows[0] for name, rows in samples.items()}


@settings(max_examples=150, deadline=None)
@given(times, times, st.integers(0, 2**32), st.sampled_from([1, 3, 20, 45]))
def test_the_merge_is_the_double_loop(at_x, at_y, seed, spread):
    """Invariant: over all slots the sums are Σ ΔX ΔY over all pairs of intervals that overlap, and their number."""
    rng = np.random.default_rng(seed)
    x, y = (ticks_on(GRID, np.sort(at) * spread * SECOND, 100 * np.exp(rng.normal(0, 1e-2, len(at))))
            for at in (at_x, at_y))  # fmt: skip
    _, made = sums(x, y)
    total, pairs = brute(x, y)
    assert int(made[PAIRS]["value"].sum()) == pairs
    np.testing.assert_allclose(made[CROSS]["value"].sum(), total, atol=1e-13)


@settings(max_examples=50, deadline=None)
@given(times, times, st.integers(0, 2**32))
def test_swapping_the_series_changes_nothing(at_x, at_y, seed):
    """Invariant: the covariance of x with y is that of y with x, slot by slot."""
    rng = np.random.default_rng(seed)
    x, y = (ticks_on(GRID, np.sort(at) * 3 * SECOND, 100 + rng.random(len(at))) for at in (at_x, at_y))
    (_, one), (_, other) = sums(x, y), sums(y, x)
    np.testing.assert_allclose(one[CROSS]["value"], other[CROSS]["value"], atol=1e-15)
    assert one[PAIRS]["value"].tolist() == other[PAIRS]["value"].tolist()


def test_a_pair_counts_when_its_later_interval_closes():
    x = ticks_on(GRID, [10 * SECOND, 70 * SECOND], [100.0, 101.0])
    y = ticks_on(GRID, [20 * SECOND, 50 * SECOND, 80 * SECOND], [50.0, 51.0, 52.0])
    slots, made = sums(x, y)
    moved = np.log(101 / 100)
    assert slots.tolist() == [0, 1]
    assert made[PAIRS]["value"].tolist() == [0, 2]  # what closes at 50 s meets an interval that is open until 70 s
    np.testing.assert_allclose(made[CROSS]["value"][1], moved * np.log(52 / 50))


def test_intervals_that_touch_do_not_overlap():
    x = ticks_on(GRID, [0, 10, 20], [100.0, 101.0, 102.0])
    y = ticks_on(GRID, [20, 30], [50.0, 51.0])
    assert sums(x, y)[1][PAIRS]["value"].tolist() == [0]


def test_no_interval_crosses_a_session_break_or_an_empty_slot():
    grid = Grid.parse("1min", "XNYS")
    noon = grid.slots([1_381_161_600 * 10**9])  # 2013-10-07
    first = int((noon - grid.places(noon))[0]) + grid.bars_per_session
    over = [int(grid.ends([first - 1])[0]) - 2 * SECOND, int(grid.begins([first])[0]) + 2 * SECOND]
    config = CONFIG.but(session="XNYS")
    x, y = ticks_on(grid, over, [100.0, 101.0]), ticks_on(grid, np.array(over) + 1, [50.0, 51.0])
    assert x["slot"].tolist() == [first - 1, first]
    assert sums(x, y, config)[1][PAIRS]["value"].sum() == 0
    far = [0, 2 * MINUTE]
    assert sums(ticks_on(GRID, far, [100.0, 101.0]), ticks_on(GRID, far, [50.0, 51.0]))[1][PAIRS]["value"].sum() == 0
    near = [0, MINUTE]
    assert sums(ticks_on(GRID, near, [100.0, 101.0]), ticks_on(GRID, near, [50.0, 51.0]))[1][PAIRS]["value"].sum() == 1


def test_two_scales_are_the_formula_and_see_through_noise():
    """The published sums on one slot: (Σ (y − y₋ₖ)²/nₛ − Σ (Δy)²/n)/(K − 1) times n."""
    rng = np.random.default_rng(5)
    n, k, sigma, noise = 20_000, 10, 1e-5, 5e-5
    path = np.cumsum(rng.normal(0, sigma, n)) + rng.normal(0, noise, n)
    ticks = ticks_on(Grid.parse("1h"), np.arange(n) * 10**8, 100 * np.exp(path))
    config = TickBetaConfig(grid="1h", scale=k)
    value = float(sums(ticks, ticks, config)[1][MARKET]["value"][0])
    fast, slow = np.diff(path), path[k:] - path[:-k]
    np.testing.assert_allclose(value, (n - 1) / (k - 1) * ((slow**2).mean() - (fast**2).mean()), rtol=1e-9)
    assert abs(value / (n * sigma**2) - 1) < 0.3
    assert (fast**2).sum() / (n * sigma**2) > 40


@pytest.mark.parametrize(("noise", "epps"), [(0.0, 0.13), (4e-4, 0.02)])
def test_a_known_beta_under_random_observation(noise, epps):
    """Truth 1.2: Hayashi–Yoshida is within two standard errors, OLS on one-second bars near nought (Epps)."""
    rng = np.random.default_rng(11)
    asset, market = prices(rng, 6.5 * 3600, gaps=(5, 4), noise=noise)
    rows = compute_tick_beta({"A": asset}, market, TickBetaConfig(grid="5min", lookback_length=70))
    last = rows.row(-1, named=True)
    assert last["status"] == "ok"
    assert last["stderr"] < 0.2
    assert abs(last["value"] - BETA) < 2 * last["stderr"]
    assert abs(previous_tick_beta(asset, market, SECOND) - epps) < 0.03
    assert abs(previous_tick_beta(asset, market, SECOND) - BETA) > 1.0


@pytest.mark.slow
def test_the_standard_error_is_the_spread():
    """Over 150 days of made ticks: no bias, and errors over standard errors that spread by one."""
    rng = np.random.default_rng(3)
    for noise in (0.0, 4e-4):
        found = []
        for _ in range(150):
            asset, market = prices(rng, 6.5 * 3600, gaps=(5, 4), noise=noise)
            row = compute_tick_beta({"A": asset}, market, TickBetaConfig(grid="5min", lookback_length=70)).row(
                -1, named=True
            )
            found.append(((row["value"] - BETA), (row["value"] - BETA) / row["stderr"]))
        bias, score = np.array(found).T
        assert abs(bias.mean()) < 3 * bias.std() / np.sqrt(len(bias))
        assert 0.85 < score.std() < 1.2


def test_thinning_keeps_the_times_and_the_truth():
    rng = np.random.default_rng(4)
    asset, market = prices(rng, 6.5 * 3600, gaps=(1, 1))
    config = TickBetaConfig(grid="5min", lookback_length=70, every="5s")
    row = compute_tick_beta({"A": asset}, market, config).row(-1, named=True)
    assert abs(row["value"] - BETA) < 2 * row["stderr"]
    fewer = compute_tick_beta({"A": asset}, market, config.but(every="")).row(-1, named=True)
    assert row["n_obs"] < fewer["n_obs"] / 3


def test_every_status_has_its_cause():
    rng = np.random.default_rng(6)
    (t, p), (u, q) = prices(rng, 3600, gaps=(1, 1))
    config = TickBetaConfig(grid="1min", lookback_length=10, scale=3)
    hush = (t < 30 * MINUTE) | (t >= 33 * MINUTE)
    rows = compute_tick_beta({"A": (t[hush], p[hush])}, (u, q), config)
    at = dict(zip((rows["ts_event"] // MINUTE).to_list(), rows["status"].to_list(), strict=True))
    assert [at[k] for k in (10, 11, 29, 30, 32, 33, 59)] == ["warmup", "ok", "ok", "gap", "gap", "ok", "ok"]
    deaf = (u < 30 * MINUTE) | (u >= 33 * MINUTE)
    rows = compute_tick_beta({"A": (t, p)}, (u[deaf], q[deaf]), config)
    assert rows["status"].to_list()[29:34] == ["ok", *["stale_benchmark"] * 3, "ok"]
    rows = compute_tick_beta({"A": (t, p)}, (u[deaf], q[deaf]), config.but(max_stale=2))
    assert rows["status"].to_list()[29:34] == ["ok", "ok", "ok", "stale_benchmark", "ok"]
    rows = compute_tick_beta({"A": (t, p)}, (u, np.full(len(u), 50.0)), config)
    assert set(rows["status"].to_list()) == {"warmup", "zero_variance"}
    rows = compute_tick_beta({"A": (t, p)}, (u, q), config.but(min_pairs=10_000))
    assert set(rows["status"].to_list()) == {"warmup", "insufficient_obs"}
    for row in rows.iter_rows(named=True):
        assert row["value"] is row["stderr"] is row["r2"] is None


def test_r2_is_absent_where_the_asset_ticks_too_seldom_for_its_variance():
    rng = np.random.default_rng(8)
    asset, market = prices(rng, 3600, gaps=(12, 1))
    row = compute_tick_beta({"A": asset}, market, TickBetaConfig(grid="1min", lookback_length=30)).row(-1, named=True)
    assert row["status"] == "ok"
    assert row["r2"] is None
    assert row["stderr"] > 0


def test_a_fine_grid_is_warned_of():
    rng = np.random.default_rng(9)
    asset, market = prices(rng, 1800, gaps=(40, 1))
    with pytest.warns(FineGridWarning, match="A ticks every"):
        compute_tick_beta({"A": asset}, market, TickBetaConfig(grid="1min", lookback_length=10))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compute_tick_beta({"A": asset}, market, TickBetaConfig(grid="5min", lookback_length=3))


def test_all_ways_to_give_ticks_are_one():
    rng = np.random.default_rng(10)
    (t, p), (u, q) = prices(rng, 1800, gaps=(1, 1))
    p, q = np.rint(p * 1000), np.rint(q * 1000)
    config = TickBetaConfig(grid="1min", lookback_length=20)
    first = compute_tick_beta({"A": (t, p)}, (u, q), config)
    assert (first["status"] == "ok").sum() > 5
    frames = [pl.DataFrame({"ts_event": x.astype("datetime64[ns]"), "price": v}) for x, v in ((t, p), (u, q))]
    long = frames[0].with_columns(symbol=pl.lit("A"))
    printed = []
    for x, v in ((t, p), (u, q)):
        rows = np.zeros(len(x), PRINT)
        rows["ts_event"] = rows["ts_recv"] = x
        rows["price"] = v
        printed.append(rows)

    class Recorded:
        """A catalog, as far as ticks are read of it."""

        def chunks(self, symbol, schema, start, end):
            assert schema == "trades"
            yield from np.array_split(printed[symbol == "market"], 3)

    for assets, market in (
        ({"A": frames[0]}, frames[1]), (long, frames[1]), ({"A": printed[0]}, printed[1]),
        ({"A": {"ts_event": t, "price": p}}, (u, q)), ({"A": Recorded()}, Recorded()),
    ):  # fmt: skip
        assert compute_tick_beta(assets, market, config).equals(first)
    quoted = []
    for x, v in ((t, p), (u, q)):
        rows = np.zeros(len(x), TOP_OF_BOOK)
        rows["ts_event"] = rows["ts_recv"] = x
        rows["bid"], rows["ask"], rows["bid_size"], rows["ask_size"] = v - 1, v + 1, 5, 5
        quoted.append(rows)
    mids = compute_tick_beta({"A": quoted[0]}, quoted[1], config.but(price="mid"))
    assert mids["value"].equals(first["value"])
    assert mids["factor_id"][0] != first["factor_id"][0]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("config", tick_configs())
def test_the_checks_pass(config, check):
    (case,) = tick_cases([config], made_ticks(2))
    outcome = CHECKS[check](case)
    assert outcome.passed, outcome


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 8), st.floats(0.1, 0.9))
def test_pieces_of_any_size_give_the_same_bytes(seed, size, cut):
    """Invariant: however many ticks are pushed at once, and wherever the process dies, rows are those of the batch."""
    ticks = made_ticks(seed, seconds=600)
    (case,) = tick_cases([tick_configs()[1]], ticks)
    slots, rows = case.history()
    feed = sorted((int(k), n, i) for n, c in ticks.items() for i, k in enumerate(c["ts_available"].tolist()))
    names = ("MADE0", "MADE1")
    stream, told = TickStream(case.factory, names), []
    begin = 0
    while begin < len(feed):
        part = list(takewhile(lambda row, name=feed[begin][1]: row[1] == name, feed[begin : begin + size]))
        if begin < cut * len(feed) <= begin + len(part):
            snapshot, stream = stream.snapshot(), TickStream(case.factory, names)
            stream.restore(snapshot)
        here = [i for *_, i in part]
        told.append(stream.push(part[0][1], {k: v[here] for k, v in ticks[part[0][1]].items()}))
        begin += len(part)
    told.append(stream.close())
    assert np.concatenate([t[0] for t in told]).tolist() == slots.tolist()
    assert np.concatenate([t[1] for t in told], axis=1).tobytes() == rows.tobytes()


def test_what_is_late_is_left_out_and_counted():
    """By a batch too: rows are those of the ticks that were known in time."""
    ticks = made_ticks(5, seconds=900)
    (case,) = tick_cases(tick_configs()[:1], ticks)
    stream = TickStream(case.factory, ["MADE0", "MADE1"])
    with pytest.raises(ConfigError):
        stream.push("nobody", {})
    late = {n: c["ts_available"] > (c["ts_event"] // 10**10 + 1) * 10**10 for n, c in ticks.items()}
    (timely,) = tick_cases(tick_configs()[:1], {n: {k: v[~late[n]] for k, v in c.items()} for n, c in ticks.items()})
    assert case.history()[1].tobytes() == timely.history()[1].tobytes()
    feed = sorted((int(k), n, i) for n, c in ticks.items() for i, k in enumerate(c["ts_available"].tolist()))
    for _, name, i in feed:
        stream.push(name, {k: v[i : i + 1] for k, v in ticks[name].items()})
    assert stream.left_out() == {"late": sum(int(x.sum()) for x in late.values()), "outside": 0, "unusable": 0}
    assert stream.left_out()["late"] > 5


def test_what_a_stream_refuses():
    (case,) = tick_cases(tick_configs()[:1], made_ticks(3))
    stream = TickStream(case.factory, ["MADE0", "MADE1"])
    first = {k: v[:50] for k, v in case.ticks["MADE0"].items()}
    stream.push("MADE0", first)
    with pytest.raises(DataError, match="merge feeds"):
        stream.push("market", {k: v[:1] for k, v in case.ticks["market"].items()})
    with pytest.raises(DataError, match="sort by ts_available"):
        stream.push("MADE1", {k: v[50:0:-1] for k, v in case.ticks["MADE1"].items()})
    with pytest.raises(ConfigError, match="OTHER"):
        stream.push("OTHER", first)
    with pytest.raises(ConfigError, match="market"):
        TickStream(case.factory, ["market"])
    snapshot = bytearray(stream.snapshot())
    for damaged in (snapshot[:-1], bytes(snapshot[:99]) + b"x" + bytes(snapshot[100:])):
        with pytest.raises(FileFormatError):
            stream.restore(bytes(damaged))
    with pytest.raises(FileFormatError, match="symbols"):
        TickStream(case.factory, ["MADE0"]).restore(bytes(snapshot))


def test_it_composes_with_other_nodes():
    asset, market = prices(np.random.default_rng(12), 3600, gaps=(2, 2))
    factory = TickBetaFactory(TickBetaConfig(grid="1min", lookback_length=30))
    blume = Node(known.BLUME, BlumeConfig(), {"beta": factory.node})
    slots, samples = factory.samples([ticks_on(GRID, *asset)], ticks_on(GRID, *market))
    made = batch.run(Graph((factory.node, blume)), GRID, slots, samples)
    raw, shrunk = made[factory.node.id][0], made[blume.id][0]
    ok = raw["status"] == OK
    assert ok.sum() > 20
    np.testing.assert_allclose(shrunk["value"][ok], 1 / 3 + 2 / 3 * raw["value"][ok])
    assert blume.lookback == factory.node.lookback == 30 + 2


@pytest.mark.parametrize(("change", "named"), [
    ({"min_pairs": 99}, "min_pairs"), ({"grid": "1d"}, "grid"), ({"grid": "slot"}, "grid"), ({"scale": 1}, "scale"),
    ({"every": "2min"}, "every"), ({"price": "open"}, "price"), ({"sessions": 0}, "sessions"),
    ({"max_stale": 120}, "max_stale"), ({"var_floor": -1.0}, "var_floor"), ({"benchmark": ""}, "benchmark"),
    ({"method": "ols"}, "method"), ({"lookback_length": 1}, "lookback_length"), ({"lookback_length": True}, "lookback"),
])  # fmt: skip
def test_what_cannot_be_is_refused(change, named):
    with pytest.raises(ConfigError, match=named):
        TickBetaConfig(**change)


def test_a_configuration_and_its_identity():
    config = TickBetaConfig(session="xnys", every="1s")
    assert TickBetaFactory(TickBetaConfig(**config.resolved())).factor_id == TickBetaFactory(config).factor_id
    ids = {TickBetaFactory(c).factor_id for c in (
        config, config.but(every="2s"), config.but(scale=11), config.but(sessions=2), config.but(patience="1ms"),
        config.but(benchmark_price="mid"),
    )}  # fmt: skip
    assert len(ids) == 6
    assert TickBetaFactory(config.but(every="1000ms")).factor_id == TickBetaFactory(config).factor_id


def test_a_planted_fault_is_caught():
    """A history that is one row ahead of what it knows."""
    from tickwright.factors.tick import cases

    class Peeks(cases.TickCase):
        def history(self, keep=lambda c: np.ones(len(c["ts_event"]), bool)):
            slots, rows = super().history(keep)
            rows["value"][:, :-1] = rows["value"][:, 1:]
            return slots, rows

    (case,) = tick_cases(tick_configs()[:1], made_ticks(2))
    peeks = Peeks(case.factory, case.ticks)
    assert not CHECKS["check-lookahead"](peeks).passed


@pytest.mark.parametrize("late", [0, 3, -3, 60, -60, 75])
@pytest.mark.parametrize("grid", ["10s", "1min"])
def test_a_benchmark_that_is_shifted_by_a_slot_is_refused(late, grid):
    """A market that is told a minute off is refused on grids below a minute too; one that leads by seconds is not."""
    rng = np.random.default_rng(7)
    asset, market = prices(rng, 3 * 3600, (2.0, 2.0))
    config = TickBetaConfig(lookback_length=30, grid=grid)
    told = {"A": asset}, (market[0] + late * SECOND, market[1]), config
    if abs(late) < 60:
        assert len(compute_tick_beta(*told)) > 100
        return
    with pytest.raises(BenchmarkError, match=f"shifted by [{'+' if late > 0 else '-'}]1 stretch of 1min"):
        compute_tick_beta(*told)
    assert len(compute_tick_beta(*told, aligned=False)) > 100
