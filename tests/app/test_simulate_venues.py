"""A simulated day of several venues and a dark pool, and what is done with a recorded day."""

import json

import numpy as np
import pytest

from conftest import call
from tickwright.core.events import Action
from tickwright.data.catalog import Catalog

FILE = """schema = "tickwright.parameters/2"
model = "fp"
version = 2
[[parameters.flow.venues]]
name = "A"
share = 3.0
taker_fee = 0.3
[[parameters.flow.venues]]
name = "B"
maker_fee = -0.1
"""
POOL = """[parameters.flow.pool]
ping = 0.2
rest = 0.1
"""
DAY = ("--instrument", "SIM", "--date", "2026-01-05")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "parameters.toml"
    path.write_text(FILE + POOL)
    return path


def test_a_day_of_several_venues_is_a_sound_recorded_day(file, tmp_path, capsys):
    # Invariant: the consolidated book of the stored rows is never crossed and knows every order; half ticks survive.
    where, hour = tmp_path / "ticks", ("--open", "10:00", "--close", "11:00")
    code, _, _ = call(capsys, "simulate", "--parameters", file, "--seed", 7, *DAY, *hour, "--catalog", where)
    assert code == 0
    rows, labels = Catalog.open(where).read("SIM"), Catalog.open(where).labels("SIM")[0]
    assert set(rows["venue_id"].tolist()) == {1, 2, 3}
    hidden = rows["action"] == Action.HIDDEN
    assert (hidden == (rows["venue_id"] == 3)).all()
    assert set(rows["subtick"][hidden].tolist()) == {0, 5_000}
    assert (rows["subtick"][~hidden] == 0).all()
    assert rows["size"][hidden].sum() == labels["dark_volume"] > 0
    assert rows["size"][rows["action"] == Action.EXECUTE].sum() == labels["volume"]
    venues = np.bincount(rows["venue_id"][rows["action"] == Action.ADD], minlength=4)
    assert 0.6 < venues[1] / venues.sum() < 0.9
    for command in (("data", "verify-book"), ("data", "check")):
        code, out, error = call(capsys, *command, "--catalog", where, *DAY, "--json")
        assert code == 0, (command, out, error)
        assert "unknown" not in json.dumps(json.loads(out).get("findings", []))


def test_one_venue_with_a_name_and_fees_is_let_in(tmp_path, capsys):
    file = tmp_path / "parameters.toml"
    file.write_text(FILE[: FILE.rindex("[[")] + "[parameters.flow]\nday_seconds = 1500.0\n")
    code, _, error = call(
        capsys, "execute", "--market", f"fp:{file}", "--seed", 7, *DAY, "--side", "buy", "--quantity", 2_000, "--start",
        "09:40", "--end", "09:45", "--policy", "twap/take", "--out", tmp_path / "out",
    )  # fmt: skip
    assert (code, error) == (0, "")
