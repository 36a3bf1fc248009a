"""`--policy registry:DIR`: who works an order, by the registry as it stands; a shadow that watches; and back."""

import hashlib
import json

import numpy as np
import polars as pl
import pytest
from test_artefact import random_network

from conftest import call, load
from tickwright.learn.artefact import save
from tickwright.strategy.learned.actions import ACTIONS, CROSS, KEEP
from tickwright.strategy.learned.container import TrainedPolicy
from tickwright.strategy.learned.layout import OBSERVED
from tickwright.strategy.learned.network import Network

MARKET = 'schema = "tickwright.parameters/2"\nmodel = "fp"\nversion = 2\n[parameters.flow]\nday_seconds = 1500.0\n'
WHEN = ("--instrument", "SIM", "--date", "2026-01-05", "--seed", "7", "--start", "09:40", "--end", "09:41")
QUANTITIES = ("1500", "1600", "1700", "1800")


def lively(seed):
    """A network whose action hangs on what it sees, and that seldom takes."""
    drawn = random_network(seed)
    (weights, bias), last = drawn.layers[-1], len(drawn.layers) - 1
    bias[CROSS:] -= 6.0
    return Network(drawn.mean, drawn.scale, (*drawn.layers[:last], (3 * weights, bias / 4)))


def keeping():
    """A network that likes best to leave things as they are."""
    bias = np.zeros(ACTIONS, np.float32)
    bias[KEEP] = 1.0
    zero = np.zeros(OBSERVED, np.float32)
    return Network(zero, zero + 1, ((np.zeros((OBSERVED, ACTIONS), np.float32), bias),))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Policies: `first`, `second`, the first's network under another name as `twin`, and `keep`; and a market."""
    folder = tmp_path_factory.mktemp("files")
    for name, network in (("first", lively(8)), ("second", lively(9)), ("twin", lively(8)), ("keep", keeping())):
        save(TrainedPolicy(network, (name,), 2.0, 60.0), folder / f"{name}.twp")
    (folder / "market.toml").write_text(MARKET)
    return folder


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def run(files, tmp_path, capsys):
    """Execute policies, and read what is left."""

    def execute(*policies, quantities=("300",), folder="out", more=()):
        words = [w for p in policies for w in ("--policy", p)] + [w for q in quantities for w in ("--quantity", q)]
        code, out, err = call(
            capsys, "execute", "--market", f"fp:{files / 'market.toml'}", *WHEN, "--side", "buy", *words, *more,
            "--out", tmp_path / folder,
        )  # fmt: skip
        assert (code, err) == (0, "")
        return load(tmp_path / folder), out

    return execute


def fills_of(run, policy):
    return run.fills.filter(pl.col("policy") == policy).drop("policy")


def test_the_champion_trades_and_is_named(files, run, tmp_path, capsys):
    """The same fills as by its file; result, notes and manifest say whose they are, and no place is in the manifest."""
    registry = tmp_path / "policies"
    assert call(capsys, "registry", "enter", registry, files / "first.twp")[0] == 0
    by_registry, by_file = (
        f"twap(slices=2)/registry:{registry}(lead=2s)",
        f"twap(slices=2)/rl:{files / 'first.twp'}(lead=2s)",
    )
    got, out = run(by_registry, by_file)
    assert got.fills.height > 0
    assert fills_of(got, by_registry).equals(fills_of(got, by_file))
    own, other = got.result["orders"]
    assert own["decided_by"] == {"artefact": digest(files / "first.twp"), "stage": "champion"}
    assert other["decided_by"] == {"artefact": digest(files / "first.twp"), "stage": None}
    assert f"decided by the champion {digest(files / 'first.twp')[:16]} of the registry" in out
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert len(set(manifest["config"]["policies"])) == 1
    assert str(tmp_path) not in json.dumps(manifest)
    assert list(manifest["registries"].values()) == [{"champion": digest(files / "first.twp")}]
    assert not (tmp_path / "out" / "shadow.parquet").exists()
    assert "shadows" not in got.result


@pytest.mark.parametrize("shadow", ["twin", "keep"])
def test_a_shadow_decides_and_changes_nothing(files, run, tmp_path, capsys, shadow):
    """The same fills as without it. One with the champion's own network agrees in all; one that always keeps, which is
    always legal, agrees where the champion kept."""
    registry = tmp_path / "policies"
    call(capsys, "registry", "enter", registry, files / "first.twp")
    alone, _ = run(f"registry:{registry}", quantities=QUANTITIES[:2], folder="alone")
    call(capsys, "registry", "enter", registry, files / f"{shadow}.twp")
    watched, out = run(f"registry:{registry}", quantities=QUANTITIES[:2])
    assert watched.fills.equals(alone.fills)
    assert [row["decided_by"] for row in watched.result["orders"]] == [
        row["decided_by"] for row in alone.result["orders"]
    ]
    table = pl.read_parquet(tmp_path / "out" / "shadow.parquet")
    assert table["champion"].unique().to_list() == [digest(files / "first.twp")]
    assert table["shadow"].unique().to_list() == [digest(files / f"{shadow}.twp")]
    assert table["parent"].unique().sort().to_list() == [0, 1]
    assert table.height >= 20  # every two seconds until it is filled, for two orders
    for _, own in table.group_by("parent", maintain_order=True):
        assert own["ts"].is_sorted()
    assert table["observation"].str.len_chars().unique().to_list() == [16]
    assert table["champion_action"].n_unique() >= 3
    same = table["champion_action"] == table["shadow_action"]
    (told,) = watched.result["shadows"]
    assert (told["decisions"], told["agreed"]) == (table.height, same.sum())
    assert told["agreement"] == same.sum() / table.height
    if shadow == "twin":
        assert same.all()
    else:
        assert (table["shadow_action"] == KEEP).all()
        assert 0 < same.sum() < table.height
    assert "and sent nothing" in out
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert list(manifest["registries"].values()) == [
        {"champion": digest(files / "first.twp"), "shadow": digest(files / f"{shadow}.twp")}
    ]
    again, _ = run(f"registry:{registry}", quantities=QUANTITIES[:2], folder="again")
    assert again.fills.equals(watched.fills)
    for file in (tmp_path / "out").iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes(), file.name


def test_a_canary_works_its_share_and_a_rollback_ends_that(files, run, tmp_path, capsys):
    """Who works which order is the documented rule, worked out here by itself; each order's fills are those of that
    policy's file. What a shadow left goes. A rollback changes the next run, of the canary and of a champion."""
    registry, first, second = tmp_path / "policies", digest(files / "first.twp"), digest(files / "second.twp")
    named = f"registry:{registry}"
    for name in ("first", "second"):
        call(capsys, "registry", "enter", registry, files / f"{name}.twp")
    run(named)
    assert (tmp_path / "out" / "shadow.parquet").exists()
    assert "50 % of the orders" in call(capsys, "registry", "promote", registry, "--share", "0.5")[1]
    paths = [f"rl:{files / f'{name}.twp'}" for name in ("first", "second")]
    got, _ = run(named, *paths, quantities=QUANTITIES)
    assert not (tmp_path / "out" / "shadow.parquet").exists()
    stages = set()
    for row in got.result["orders"][: len(QUANTITIES)]:
        start, end = row["times_ns"]["start"], row["times_ns"]["deadline"]
        name = f"{second}/SIM/buy/{row['ordered']}/{start}/{end}"
        half = hashlib.blake2b(name.encode(), digest_size=8).digest()[4:]
        stage = "canary" if int.from_bytes(half, "little") / 2**32 < 0.5 else "champion"
        stages.add(stage)
        assert row["decided_by"] == {"artefact": second if stage == "canary" else first, "stage": stage}
        mine, theirs = (
            got.fills.filter((pl.col("policy") == policy) & (pl.col("parent") == row["parent_id"])).drop("policy")
            for policy in (named, paths[stage == "canary"])
        )
        assert mine.height > 0
        assert mine.equals(theirs)
    assert stages == {"champion", "canary"}
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert list(manifest["registries"].values()) == [{"champion": first, "canary": second, "share": 0.5}]

    def deciding():
        return {row["decided_by"]["artefact"] for row in run(named, quantities=QUANTITIES)[0].result["orders"]}

    call(capsys, "registry", "promote", registry)
    assert deciding() == {second}
    call(capsys, "registry", "rollback", registry)
    assert deciding() == {first}


def test_what_no_registry_stands_behind_is_refused(files, tmp_path, capsys):
    market = ("--market", f"fp:{files / 'market.toml'}", *WHEN, "--side", "buy", "--quantity", "300")
    code, _, err = call(capsys, "execute", *market, "--policy", f"registry:{tmp_path}/none", "--out", tmp_path / "out")
    assert code == 2
    assert "tickwright registry enter" in err
    registry = tmp_path / "policies"
    call(capsys, "registry", "enter", registry, files / "first.twp")
    (file,) = (registry / "policies").iterdir()
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    code, _, err = call(capsys, "execute", *market, "--policy", f"registry:{registry}", "--out", tmp_path / "out")
    assert code == 2
    assert "that of its name" in err
    assert not (tmp_path / "out").exists()
