"""Features over windows of bars against NumPy, Polars, closed forms, and the examples of their papers."""

import numpy as np
import polars as pl
import pytest

from tickwright.book.quotes import trades_of
from tickwright.book.tape import compile_tape
from tickwright.core.events import MARKET_EVENT, Action, Flag, Side
from tickwright.core.units import DAY
from tickwright.factors.engine import Engine, samples_of
from tickwright.factors.features import known
from tickwright.factors.features.clock import Clock
from tickwright.factors.features.feed import FeatureConfig, compute
from tickwright.factors.features.nodes import Columns, bar_feature, names
from tickwright.factors.features.window_rows import NoConfig, SpanConfig
from tickwright.factors.graph import Graph, Node, Source
from tickwright.factors.grid import Grid
from tickwright.factors.records import Status
from tickwright.factors.registry import named
from tickwright.factors.registry import names as registered

OK, WARMUP, GAP = int(Status.OK), int(Status.WARMUP), int(Status.GAP)
FEW, FLAT = int(Status.INSUFFICIENT_OBS), int(Status.ZERO_VARIANCE)
W, N = 12, 200


def run(text, price="close", **columns):
    """ESTIMATE rows of a feature of bars whose columns are given; NaN is missing."""
    feature = bar_feature(text, Columns(Clock.parse("ticks:1"), 0.01), price)
    length = len(next(iter(columns.values())))
    samples = {name: samples_of(np.nan_to_num(v), np.isfinite(v)) for name, v in columns.items()}
    samples = {s.name: samples[s.name] for s in Graph((feature.node,)).sources}
    engine = Engine(Graph((feature.node,)), Clock.parse("ticks:1").grid, 1)
    return engine.advance(np.arange(length), samples)[feature.node.id][0], feature.node


@pytest.fixture
def market():
    rng = np.random.default_rng(7)
    close = 1000 * np.exp(np.cumsum(rng.normal(0, 1e-3, N)))
    volume = rng.integers(1, 500, N).astype(float)
    signed = np.rint(volume * rng.uniform(-1, 1, N))
    return {"close": close, "volume": volume, "signed": signed, "notional": close * volume, "mid": close}


def check(rows, expected, first):
    """Rows from `first` on are the expected ones, those before it warm-up."""
    assert (rows["status"][:first] == WARMUP).all()
    assert (rows["status"][first:] == OK).all()
    np.testing.assert_allclose(rows["value"][first:], np.asarray(expected)[first:], rtol=1e-10, atol=1e-15)
    assert (rows["value"][:first] == 0).all()


def rolling(series, function, window):
    return [np.nan if t < window - 1 else function(series[t - window + 1 : t + 1]) for t in range(len(series))]


def test_moving_averages(market):
    close = pl.Series(market["close"])
    # A column of bars is a bar's own and, where a run begins within it, the next one's: one slot more of warm-up.
    check(run(f"ma:{W}", **market)[0], close.rolling_mean(W).to_numpy(), W)
    weights = 1e-6 ** (np.arange(W - 1, -1, -1) / W)
    check(run(f"ewma:{W}", **market)[0], close.rolling_mean(W, weights=list(weights)).to_numpy(), W)


def test_volatility_and_realised_variances(market):
    r = np.concatenate([[np.nan], np.diff(np.log(market["close"]))])
    check(run("return", **market)[0], r, 2)
    rows, _ = run(f"volatility:{W}", **market)
    check(rows, rolling(r, lambda w: np.std(w, ddof=1), W), W + 1)
    np.testing.assert_allclose(rows["stderr"][-1], rows["value"][-1] / np.sqrt(2 * (W - 1)))
    check(run(f"rv:{W}", **market)[0], rolling(r, lambda w: (w**2).sum(), W), W + 1)
    pairs = rolling(r, lambda w: np.pi / 2 * np.abs(w[1:] * w[:-1]).sum(), W)
    check(run(f"bipower:{W}", **market)[0], pairs, W + 1)


def test_variances_are_scaled_up_to_their_window_where_returns_are_missing(market):
    """Holes of one bar: two returns each. Oracle: NumPy over the returns and the neighbours that are left."""
    close = market["close"].copy()
    close[[60, 64]] = np.nan
    r = np.diff(np.log(close), prepend=np.nan)
    window = r[58:70]
    joints = np.abs(window[1:] * window[:-1])
    rv, bipower = run(f"rv:{W}", close=close)[0], run(f"bipower:{W}", close=close)[0]
    there, joined = np.isfinite(window).sum(), np.isfinite(joints).sum()
    assert (there, joined) == (8, 5)
    assert (rv["n_obs"][69], rv["n_missing"][69]) == (8, 4)
    assert rv["value"][69] == pytest.approx(np.nansum(window**2) * W / 8, rel=1e-10)
    assert bipower["value"][69] == pytest.approx(np.pi / 2 * np.nansum(joints) * (W - 1) / 5, rel=1e-10)
    steady = np.exp(1e-3 * (np.arange(40) % 2))  # |r| is the same everywhere, so holes must not show
    whole = {name: run(f"{name}:{W}", close=steady)[0]["value"][-1] for name in ("rv", "bipower")}
    steady[[30, 33]] = np.nan
    holed = {name: run(f"{name}:{W}", close=steady)[0]["value"][-1] for name in ("rv", "bipower")}
    assert holed == pytest.approx(whole, rel=1e-10)


def test_bipower_counts_neighbours_and_not_returns():
    """Six returns of twelve are enough for a realised variance; parted into twos they are three neighbours, of five."""
    close = np.exp(1e-3 * (np.arange(60) % 2))
    close[np.arange(3, 60, 4)] = np.nan
    rv, bipower = run(f"rv:{W}", close=close)[0], run(f"bipower:{W}", close=close)[0]
    at = 58  # the last bar but one, whose return is there
    assert (rv["status"][at], rv["n_obs"][at]) == (OK, 6)
    assert (bipower["status"][at], bipower["n_obs"][at]) == (FEW, 6)


def test_bipower_leaves_a_jump_out():
    """Barndorff-Nielsen and Shephard: the jump is in the realised variance whole, in the bipower one hardly."""
    rng = np.random.default_rng(3)
    r = rng.normal(0, 1e-3, 1_010)
    r[600] += 0.05
    close = np.exp(np.cumsum(r))
    rv, bipower = (run(f"{name}:1000", close=close)[0]["value"][-1] for name in ("rv", "bipower"))
    assert rv == pytest.approx(1e-3 + 0.05**2, rel=0.1)
    assert bipower == pytest.approx(1e-3, rel=0.25)


def two_scales(prices, scale):
    """Zhang, Mykland and Aït-Sahalia (2005), written with one grid after the other, as the paper has it."""
    y = np.log(prices)
    n = len(y) - 1
    grids = [y[k::scale] for k in range(scale)]
    slow = np.mean([(np.diff(g) ** 2).sum() for g in grids])
    mean_n = np.mean([len(g) - 1 for g in grids])
    assert mean_n == pytest.approx((n - scale + 1) / scale)
    fast = (np.diff(y) ** 2).sum()
    return (slow - mean_n / n * fast) / (1 - mean_n / n)


def test_two_scale_variance(market):
    expected = rolling(market["close"], lambda w: two_scales(w, 4), 20)
    check(run("two_scale:20", **market)[0], expected, 20)
    holes = market["close"].copy()
    holes[[50, 51, 57]] = np.nan
    rows, _ = run("two_scale:20", close=holes)
    assert rows["status"][[50, 51, 57]].tolist() == [GAP] * 3
    window = holes[41:61]
    assert rows["value"][60] == pytest.approx(two_scales(window[np.isfinite(window)], 4), rel=1e-10)


def test_two_scale_variance_sees_through_noise():
    """Noise of the size of a return makes the plain sum three times the truth, and leaves this one near it."""
    rng = np.random.default_rng(11)
    n, sigma = 4_000, 1e-4
    truth = n * sigma**2
    close = np.exp(np.cumsum(rng.normal(0, sigma, n + 1)) + rng.normal(0, sigma, n + 1))
    found = run(f"two_scale:{n}", close=close)[0]["value"][-1]
    plain = (np.diff(np.log(close)) ** 2).sum()
    assert plain > 2.5 * truth
    assert found == pytest.approx(truth, rel=0.6)


def test_vwap_and_vpin(market):
    frame = pl.DataFrame(market)
    total = frame["volume"].rolling_sum(W)
    check(run(f"vwap:{W}", **market)[0], (frame["notional"].rolling_sum(W) / total).to_numpy(), W)
    check(run(f"vpin:{W}", **market)[0], (frame["signed"].abs().rolling_sum(W) / total).to_numpy(), W)


def test_vpin_of_equal_buckets_is_the_papers():
    """Easley, López de Prado and O'Hara (2012): Σ|Vˢ − Vᴮ| / (n V), here with buckets of 100: 60, 20, 100, 0."""
    bought = np.array([50.0, 80, 60, 0, 50])
    rows, _ = run("vpin:4", signed=2 * bought - 100, volume=np.full(5, 100.0))
    assert rows["value"][4] == (60 + 20 + 100 + 0) / (4 * 100)


def test_kyles_lambda_is_the_slope_of_price_moves_on_signed_volume(market):
    rng = np.random.default_rng(5)
    moves = 0.02 * market["signed"] + rng.normal(0, 1, N)
    close = 1e4 + np.cumsum(moves)
    rows, node = run("kyle:60", close=close, signed=market["signed"])
    for t in (61, 120, N - 1):
        inside = slice(t - 59, t + 1)
        slope, _ = np.polyfit(market["signed"][inside], np.diff(close, prepend=np.nan)[inside], 1)
        assert rows["value"][t] == pytest.approx(slope, rel=1e-9)
    assert abs(rows["value"][-1] - 0.02) < 3 * rows["stderr"][-1]
    assert node.factor is named("beta.ols")  # the slope that betas are: not a second one


def test_amihud(market):
    volume = market["volume"].copy()
    volume[[30, 31]] = 0
    notional = market["close"] * volume
    r = np.abs(np.concatenate([[np.nan], np.diff(np.log(market["close"]))]))
    ratio = np.where(notional > 0, r / np.where(notional > 0, 0.01 * notional, 1), np.nan)  # a tick of a cent
    expected = rolling(ratio, lambda w: 1e6 * np.nanmean(w), W)
    expected[:W] = [np.nan] * W
    check(run(f"amihud:{W}", close=market["close"], notional=notional)[0], expected, W + 1)


def test_volume_trend(market):
    grows = 100 * (1 + 0.02 * np.arange(N))
    rows, _ = run(f"volume_trend:{W}", volume=grows)
    check(rows, rolling(grows, lambda w: 2 / w.mean(), W), W)
    slope = rolling(market["volume"], lambda w: np.polyfit(np.arange(W), w, 1)[0] / w.mean(), W)
    check(run(f"volume_trend:{W}", **market)[0], slope, W)
    assert run("volume_trend:4", volume=np.zeros(9))[0]["status"][-1] == FLAT


def test_session_share():
    columns = Columns(Clock.parse("30min", "XNYS"))
    node = bar_feature("session_share", columns).node
    grid = columns.clock.grid
    slots = np.arange(1_000, 1_030)
    bars = {"session_bars": samples_of(grid.session_bars(slots), np.ones(30, bool))}
    rows = Engine(Graph((node,)), grid, 1).advance(slots, bars)
    shares = (rows[node.id][0]["ts_event"] + 30 * 60 * 10**9 - _opens(grid, slots)) / (6.5 * 3600 * 10**9)
    np.testing.assert_allclose(rows[node.id][0]["value"], shares)


def _opens(grid, slots):
    return grid.begins(slots - grid.places(slots))


def test_a_session_that_closes_early_is_over_when_it_closes():
    """XNYS closed at 13:00 New York on 2023-11-24, the day after Thanksgiving: 210 minutes for 390."""
    minute, opens = 60 * 10**9, int(np.datetime64("2023-11-24T14:30", "ns").astype(int))
    events = np.zeros(210, MARKET_EVENT)
    events["ts_event"] = events["ts_recv"] = opens + np.arange(210) * minute
    events["order_id"], events["price"], events["size"] = np.arange(210) + 1, 100, 1
    events["action"], events["side"], events["flags"] = Action.ADD, Side.BID, Flag.LAST
    config = FeatureConfig(("session_share",), bars="30min", session="XNYS")
    frame = compute(compile_tape(events), trades_of(events), config).frame()
    np.testing.assert_allclose(frame["session_share"], np.arange(1, 8) / 7)


@pytest.mark.parametrize("calendar", ["XNYS", ""])
@pytest.mark.parametrize("length", ["7h", "45min", "1d"])
def test_slots_of_a_session_are_as_many_as_lie_in_it(calendar, length):
    """Counted one by one, over two years."""
    grid = Grid.parse(length, calendar)
    first = int(grid.slots(np.array([np.datetime64("2023-01-03T15:00", "ns").astype(int) // DAY * DAY + (
        0 if length == "1d" or not calendar else 15 * 3600 * 10**9)]))[0])  # fmt: skip
    slots = np.arange(first, first + 2_000)
    day = grid.sessions(slots)
    found = grid.session_bars(slots)
    inside = (day > day[0]) & (day < day[-1])
    for one in np.unique(day[inside]):
        assert (found[day == one] == (day == one).sum()).all()
    assert inside.any()


def test_what_is_missing_is_said():
    close = np.exp(np.linspace(0, 1, 40))
    close[[20, 21, 22]] = np.nan
    rows, _ = run("ma:4", close=close)
    assert rows["status"][18:27].tolist() == [OK, OK, GAP, GAP, GAP, FEW, OK, OK, OK]
    assert rows["n_obs"][24] == 2
    assert rows["n_missing"][24] == 2
    assert rows["value"][24] == pytest.approx(close[23:25].mean())
    returns, _ = run("return", close=close)
    assert returns["status"][19:25].tolist() == [OK, GAP, GAP, GAP, GAP, OK]
    nothing, _ = run("vpin:4", signed=np.zeros(9), volume=np.zeros(9))
    assert nothing["status"][-1] == FEW
    assert (run("return", close=-close[:9])[0]["status"][2:] == GAP).all()


def test_old_bars_leave_no_trace(market):
    """A bar of any size is forgotten once it has left the window: sums are made anew, and never carried on."""
    wild = {name: values.copy() for name, values in market.items()}
    for name in wild:
        wild[name][60] *= 1e12
    for text in (f"{name}:{W}" for name in names() if name not in ("return", "session_share")):
        calm, node = run(text, **market)
        after, _ = run(text, **wild)
        assert calm[60 + node.lookback :].tobytes() == after[60 + node.lookback :].tobytes(), text
        assert (calm["status"][60 + node.lookback :] == OK).all()


def test_every_feature_is_registered_and_has_an_identity_of_its_own():
    texts = [name if name in ("return", "session_share") else f"{name}:{W}" for name in names()]
    config = FeatureConfig(tuple(texts), bars="1min", price="mid")
    assert len({feature.node.id for feature in config.of_bars}) == len(texts)
    assert config.book == ("mid",)
    found = {feature.node.factor.name for feature in config.of_bars} - {"beta.ols"}
    assert found == set(registered("feature")) - {"feature.column"} == {f"feature.{n}" for n in (
        "return", "mean", "ewma", "volatility", "realised_variance", "bipower_variance", "two_scale_variance", "trend",
        "vwap", "vpin", "amihud", "time_of_day",
    )}  # fmt: skip
    other = bar_feature(f"vwap:{W}", Columns(Clock.parse("volume:100")))
    assert other.node.id != bar_feature(f"vwap:{W}", Columns(Clock.parse("volume:200"))).node.id
    assert known.VWAP.update is not known.VPIN.update


def test_what_is_of_a_value_out_of_nothing_counts_the_slots_that_are_told():
    """The share of a session needs no price, yet two slots that nobody had one of are missing from its mean."""
    grid = Grid.parse("30min", "XNYS")
    share = Node(known.TIME_OF_DAY, NoConfig(), {"bars": Source("bars")})
    mean = Node(known.MEAN, SpanConfig(5, 2), {"x": share})
    slots = np.array([*range(100, 106), *range(108, 114)])
    engine = Engine(Graph((share, mean)), grid, 1)
    told = engine.advance(slots, {"bars": samples_of(grid.session_bars(slots), np.ones(len(slots), bool))})
    assert told[share.id][0]["status"].tolist() == [OK] * 12
    assert told[mean.id][0]["n_obs"].tolist() == [1, 2, 3, 4, 5, 5, 3, 3, 3, 4, 5, 5]
    assert told[mean.id][0]["n_missing"].tolist() == [4, 3, 2, 1, 0, 0, 2, 2, 2, 1, 0, 0]
    shares = dict(zip(slots.tolist(), told[share.id][0]["value"].tolist(), strict=True))
    seen = [shares[k] for k in (104, 105, 108)]
    assert told[mean.id][0]["value"][6] == pytest.approx(sum(seen) / 3, rel=1e-15)
