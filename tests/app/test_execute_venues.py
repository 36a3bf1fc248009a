"""`tickwright execute --market` where the market has several lit venues: fees, the report's split, a trained policy."""

from collections import defaultdict
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from conftest import call, load
from tickwright.app.cli import main
from tickwright.learn.artefact import save
from tickwright.strategy.learned.actions import ACTIONS, CROSS, POST
from tickwright.strategy.learned.container import TrainedPolicy
from tickwright.strategy.learned.network import Network
from tickwright.strategy.learned.venues import action_count, observed_count

FEES = {"MAIN": {-1: Decimal("-0.2"), 1: Decimal("0.3")}, "FAR": {-1: Decimal(0), 1: Decimal("0.1")}}
"""Ticks a lot, by liquidity."""
FILE = """schema = "tickwright.parameters/2"
model = "fp"
version = 2
[parameters.flow]
day_seconds = 2400.0
[[parameters.flow.venues]]
name = "MAIN"
share = 3.0
maker_fee = -0.2
taker_fee = 0.3
[[parameters.flow.venues]]
name = "FAR"
taker_fee = 0.1
latency_ns = 200e6
"""
POOL = """[parameters.flow.pool]
ping = 0.3
rest = 0.2
patience = 20.0
fee = 0.05
"""
ORDER = (
    "--instrument", "SIM", "--date", "2026-01-05", "--seed", "7", "--side", "buy", "--quantity", "6000",
    "--start", "09:45", "--end", "10:00",
)  # fmt: skip


def network(venues, pool=False):
    """Decides by what it sees, and seldom takes."""
    rng = np.random.default_rng(7)
    inputs, outputs = observed_count(venues, pool), action_count(venues, pool)
    weights, bias = (2 * rng.normal(size=(inputs, outputs))).astype(np.float32), np.zeros(outputs, np.float32)
    for venue in range(venues):
        first = POST + (ACTIONS - POST) * venue
        bias[first + CROSS - POST : first + ACTIONS - POST] -= 9.0
    if pool:
        bias[-4:] += 3.0
    return Network(np.zeros(inputs, np.float32), np.ones(inputs, np.float32), ((weights, bias),))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("venues")
    (made / "two.toml").write_text(FILE)
    (made / "pool.toml").write_text(FILE + POOL)
    for name, venues, pool in (("one", 1, False), ("two", 2, False), ("three", 3, False), ("pool", 2, True)):
        save(TrainedPolicy(network(venues, pool), ("m",), 2.0, 60.0, venues=venues, pool=pool), made / f"{name}.twp")
    return made


@pytest.fixture(scope="module")
def run(folder):
    policies = ("twap/take", "twap/post-then-cross", f"rl:{folder}/two.twp", f"rl:{folder}/one.twp")
    given = [part for policy in policies for part in ("--policy", policy)]
    with pytest.raises(SystemExit) as ended:
        main(["execute", "--market", f"fp:{folder}/two.toml", *ORDER, *given, "--out", str(folder / "out")])
    assert ended.value.code == 0
    return load(folder / "out")


def test_each_fill_pays_its_venue_and_the_parts_add_up(run):
    """Invariant: by venue, lots, fees and spread of the fills table are those of result.json, fees are what the file
    says a lot, and over the venues all add up to the order's."""
    places = defaultdict(set)
    for row in run.result["orders"]:
        mine = run.fills.filter(pl.col("policy") == row["policy"])
        assert row["status"] == "filled"
        assert set(row["venues"]) == {"MAIN", "FAR"}
        for name, part in row["venues"].items():
            here = mine.filter(pl.col("venue") == name)
            made, taken = (here.filter(pl.col("liquidity") == code)["size"].sum() for code in (-1, 1))
            assert (Decimal(part["made"]), Decimal(part["taken"])) == (made, taken)
            assert Decimal(part["fees"]) == (made * FEES[name][-1] + taken * FEES[name][1]) / 100
            assert here["fee"].sum() == Decimal(part["fees"]) * 10**9
            places[row["policy"]] |= {name} if made or taken else set()
        for key, total in (("fees", row["shortfall"]["fees"]), ("spread", row["trading_split"]["spread"])):
            assert sum(Decimal(part[key]) for part in row["venues"].values()) == Decimal(total)
        assert sum(part["share"] for part in row["venues"].values()) == pytest.approx(1.0)
    takes, posts, two, one = run.result["orders"]
    assert places[takes["policy"]] == places[two["policy"]] == {"MAIN", "FAR"}
    # What names no venue rests at the first, and takes at the cheapest first.
    for row in (posts, one):
        assert Decimal(row["venues"]["FAR"]["made"]) == 0 < Decimal(row["venues"]["MAIN"]["made"])
    assert Decimal(two["venues"]["FAR"]["made"]) > 0 < Decimal(two["venues"]["MAIN"]["made"])
    assert "Fills by venue" in run.page
    assert any("rests at MAIN" in note for note in run.result["notes"])


def test_the_terminal_says_it_too(folder, capsys):
    code, out, _ = call(
        capsys,
        "execute",
        "--market",
        f"fp:{folder}/two.toml",
        *ORDER,
        "--policy",
        "twap/take",
        "--out",
        folder / "told",
    )
    assert code == 0
    assert "by venue" in out
    assert "FAR" in out


def test_a_pool_has_its_fee_and_no_spread(folder, capsys):
    """Invariant: as above, the fee of the pool's fills being the pool's and the half tick of the last odd lot."""
    given = ("--policy", f"rl:{folder}/pool.twp", "--policy", "twap/post-then-cross", "--maker-fee", "0.01")
    out = folder / "dark"
    code, told, error = call(capsys, "execute", "--market", f"fp:{folder}/pool.toml", *ORDER, *given, "--out", out)
    assert (code, error) == (0, "")
    assert "at mid" in told
    made = load(out)
    trained, posts = made.result["orders"]
    assert trained["status"] == posts["status"] == "filled"
    assert posts["venues"]["DARK"]["mid"] == "0"
    dark = trained["venues"]["DARK"]
    lots = Decimal(dark["mid"])
    assert lots > 500
    assert (Decimal(dark["made"]), Decimal(dark["taken"]), Decimal(dark["spread"])) == (0, 0, 0)
    assert abs(Decimal(dark["fees"]) - lots * Decimal("0.0005")) in (0, Decimal("0.005"))
    for key, total in (("fees", trained["shortfall"]["fees"]), ("spread", trained["trading_split"]["spread"])):
        assert sum(Decimal(part[key]) for part in trained["venues"].values()) == Decimal(total)
    mine = made.fills.filter(pl.col("policy") == trained["policy"])
    assert (
        mine.filter(pl.col("venue") == "DARK")["size"].sum()
        == lots
        == mine.filter(pl.col("liquidity") == 0)["size"].sum()
    )


@pytest.mark.parametrize(
    ("policy", "market", "says"),
    [
        ("three", "two.toml", "trained for 3 lit venues"),
        ("pool", "two.toml", "trained with a dark pool"),
        ("two", None, "trained for 2 lit venues"),
        ("pool", None, "trained with a dark pool"),
    ],
)
def test_a_policy_of_other_places_is_refused_by_name(folder, capsys, policy, market, says):
    named = f"fp:{folder}/{market}" if market else "fp"
    code, _, error = call(
        capsys, "execute", "--market", named, *ORDER, "--policy", f"rl:{folder}/{policy}.twp", "--out", folder / "no"
    )
    assert code != 0
    assert says in error
