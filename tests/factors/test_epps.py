"""Beta by length of bar: figures against their definition and a known truth, the command, and what it refuses."""

import json
import re

import numpy as np
import pytest

from tickwright.app.cli import main
from tickwright.app.report.epps import figure, render
from tickwright.core.errors import ConfigError
from tickwright.core.units import MINUTE, SECOND
from tickwright.factors.tick import epps
from tickwright.factors.tick.compute import compute_tick_beta
from tickwright.factors.tick.config import TickBetaConfig
from tickwright.factors.tick.epps import MADE_BETA, bars_of_last, made_pair, signature

CONFIG = TickBetaConfig(grid="5min")


@pytest.fixture(scope="module")
def made():
    asset, market = made_pair(1, 0.0, CONFIG)
    return asset, market, signature(asset, market, CONFIG, "A", MADE_BETA)


def test_least_squares_falls_to_nought_and_hayashi_yoshida_does_not(made):
    points = {p.length: p for p in made[2].points}
    assert points[SECOND].bars.value < 0.2
    assert abs(made[2].every.value - MADE_BETA) < 2 * made[2].every.stderr
    assert abs(points[SECOND].ticks.value - MADE_BETA) < 2 * points[SECOND].ticks.stderr
    assert abs(points[MINUTE].bars.value - MADE_BETA) < 3 * points[MINUTE].bars.stderr
    assert points[30 * MINUTE].ticks is None  # longer than a slot
    assert made[2].slow == points[MINUTE].bars


def test_bars_of_the_last_price_by_a_plain_loop(made):
    asset, market, _ = made
    length = 30 * SECOND
    first = max(asset["ts_event"][0], market["ts_event"][0])
    end = min(asset["ts_event"][-1], market["ts_event"][-1])
    edges = [k * length for k in range(end // length + 1) if k * length >= first]
    last = [[ticks["price"][ticks["ts_event"] <= edge][-1] for edge in edges] for ticks in (asset, market)]
    y, x = (np.diff(np.log(prices)) for prices in last)
    slope = bars_of_last(asset, market, length)
    np.testing.assert_allclose(slope.value, (x * y).sum() / (x * x).sum())
    residual = y - slope.value * x
    np.testing.assert_allclose(slope.stderr, np.sqrt((residual**2).sum() / (len(x) - 1) / (x * x).sum()))


def test_every_tick_is_the_beta_of_one_wide_window(made):
    asset, market, found = made
    config = CONFIG.but(lookback_length=76)
    pair = ((ticks["ts_event"], ticks["price"]) for ticks in (asset, market))
    last = compute_tick_beta({"A": next(pair)}, next(pair), config).row(-1, named=True)
    assert abs(last["value"] - found.every.value) < 0.03  # two slots fewer


def test_the_page_shows_what_was_found_and_loads_nothing(made):
    drawn = figure(made[2])
    named = {trace["name"]: trace for trace in drawn["data"] if "name" in trace}
    assert named["the truth, 1.20"]["y"] == [MADE_BETA, MADE_BETA]
    bars = named["least squares on bars of the last price"]
    assert bars["y"] == [p.bars.value for p in made[2].points]
    text = render([("One <pair>", made[2])])
    assert "One &lt;pair&gt;" in text
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)\s*=", text)


def call(capsys, *words):
    with pytest.raises(SystemExit) as end:
        main([str(w) for w in words])
    shown = capsys.readouterr()
    return end.value.code, shown.out, shown.err


def test_the_command_writes_both_files_alike_every_time(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(epps, "LENGTHS", (SECOND, MINUTE))
    code, out, _ = call(capsys, "factors", "epps", "--out", tmp_path / "one", "--json")
    assert code == 0
    told = json.loads(out)
    assert [one["truth"] for one in told] == [MADE_BETA, MADE_BETA]
    call(capsys, "factors", "epps", "--out", tmp_path / "two")
    for name in ("epps.html", "epps.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_is_refused(capsys, tmp_path):
    for words, said in (
        (["--asset", "A"], "--catalog"),
        (["--catalog", tmp_path, "--asset", "A"], "--benchmark"),
        (["--grid", "1d"], "grid"),
    ):
        code, _, err = call(capsys, "factors", "epps", "--out", tmp_path / "out", *words)
        assert code == 2
        assert said in err
    few = made_pair(1, 0.0, CONFIG)[0][:3]
    with pytest.raises(ConfigError, match="ticks"):
        signature(few, few, CONFIG, "A")
