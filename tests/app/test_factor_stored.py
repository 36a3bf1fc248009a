"""Which bars or trades a factor is of: what the catalog holds, said on the terminal and in the identity."""

import datetime as dt
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from conftest import call
from tickwright.core.errors import DataError
from tickwright.core.instrument import Instrument
from tickwright.core.tables import BAR, PRINT
from tickwright.core.units import HOUR, MINUTE, SECOND
from tickwright.data.catalog import Catalog
from tickwright.data.reference import store as reference
from tickwright.data.reference.sectors import Statement, as_rows
from tickwright.data.store.source import Source
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.grid import Grid
from tickwright.factors.store.rows import Origin
from tickwright.factors.store.store import FactorStore

FIRST = 1_709_510_400 * 10**9
"""2024-03-04, a Monday."""
LENGTHS = {"bars-1h": HOUR, "bars-1m": MINUTE}


def filled(folder, held, seed=1):
    """A catalog; `held`: by (symbol, schema) when its rows begin. → {(symbol, schema): closes}."""
    rng, made = np.random.default_rng(seed), {}
    every = np.unique(np.concatenate(list(held.values())))
    market = np.cumsum(rng.normal(0, 30, len(every)))
    with Catalog.create(folder).ingest(Source("made", "test", "0" * 32)) as session:
        for (name, schema), times in held.items():
            own = np.cumsum(rng.normal(0, 0 if name == "M" else 20, len(every)))
            last = np.searchsorted(every, times + LENGTHS.get(schema, 1)) - 1  # a bar's close is of its end
            price = 100_000 + np.rint(market + own)[last]
            rows = np.zeros(len(times), PRINT if schema == "trades" else BAR)
            rows["ts_event"], made[name, schema] = times, price
            if schema == "trades":
                rows["price"], rows["size"], rows["ts_recv"] = price, 1, times
            else:
                rows["close"] = price
            session.append(Instrument(name, "XSIM", "USD", Decimal("0.01")), schema, rows)
    return made


def slopes(times, asset, market, slot, window):
    """Least squares of log returns of the last prices of slots, over the last `window` slots; by numpy alone."""
    ends = np.flatnonzero(np.diff(times // slot, append=-1))
    x, y = (np.diff(np.log(prices[ends])) for prices in (market, asset))
    return np.array([np.polyfit(x[t - window : t], y[t - window : t], 1)[0] for t in range(window, len(x) + 1)])


def beta(folder, text):
    """A file of a beta to M."""
    file = folder / "beta.toml"
    file.write_text(f'min_observations = 10\nbenchmark = "M"\n{text}')
    return file


def stored(cat):
    """(values that are there, the definition) of the one factor of a store."""
    store = FactorStore.open(cat)
    (kept,) = store.definitions().values()
    return store.read(origin=Origin.BACKFILL).filter(pl.col("status") == "ok"), kept


@pytest.mark.parametrize(
    ("grid", "schema", "step", "slot"),
    [("6h", "bars-1h", HOUR, 6 * HOUR), ("5min", "bars-1m", MINUTE, 5 * MINUTE), ("1s", "trades", SECOND // 4, SECOND)],
)
def test_where_no_bars_have_the_length_the_last_price_of_finer_ones_counts(
    tmp_path, capsys, grid, schema, step, slot
):  # fmt: skip
    times = FIRST + np.arange(1_200) * step
    made = filled(tmp_path / "cat", {(name, schema): times for name in "ABM"})
    file = beta(tmp_path, f'grid = "{grid}"\nlookback_length = 20\novernight = true\n')
    told = ("factors", "compute", "--config", file, "--catalog", tmp_path / "cat")
    code, out, err = call(capsys, *told, "--store")
    assert code == 0, err
    assert f"returns of the assets are of {schema}, the last price of each slot" in err
    rows, kept = stored(tmp_path / "cat")
    for name in "AB":
        expected = slopes(times, made[name, schema], made["M", schema], slot, 20)
        np.testing.assert_allclose(rows.filter(pl.col("symbol") == name)["value"], expected, rtol=1e-8)
    assert kept.settings["returns"] == {"asset": {"schema": schema}, "market": {"schema": schema}}
    for check in ("check-lookahead", "check-start", "check-parity"):
        code, out, err = call(capsys, "factors", check, *told[2:], "--instrument", "A")
        assert code == 0, (out, err)
    assert call(capsys, *told, "--store", "--live")[0] == 0
    assert call(capsys, "factors", "compare", "--catalog", tmp_path / "cat")[0] == 0


def test_a_realised_beta_of_five_minutes_is_of_minute_bars(tmp_path, capsys):
    session = Grid(MINUTE, "XNYS")
    first = int(session.slots(np.array([FIRST + 15 * HOUR]))[0]) // 390 * 390
    times = session.begins(first + np.arange(-390, 390))
    made = filled(tmp_path / "cat", {(name, "bars-1m"): times for name in "AM"})
    file = beta(tmp_path, 'grid = "5min"\nmethod = "realised"\nsession = "XNYS"\n')
    code, _, err = call(capsys, "factors", "compute", "--config", file, "--catalog", tmp_path / "cat", "--store")
    assert code == 0, err
    last = slice(394, None, 5)  # of the session's own
    x, y = (np.diff(np.log(made[name, "bars-1m"][last])) for name in "MA")
    assert stored(tmp_path / "cat")[0]["value"][-1] == pytest.approx((x * y).sum() / (x * x).sum(), rel=1e-9)


def test_bars_of_the_length_come_first_then_the_longest_and_the_benchmark_chooses_for_itself(tmp_path, capsys):
    minutes, hours = FIRST + np.arange(12_000) * MINUTE, FIRST + np.arange(200) * HOUR
    held = {("A", "bars-1m"): minutes, ("A", "bars-1h"): hours, ("M", "bars-1m"): minutes, ("A", "trades"): minutes}
    filled(tmp_path / "cat", held)
    told = ("--catalog", tmp_path / "cat", "--instrument", "A")
    cases = (("1min", ""), ("1h", "returns of M are of bars-1m"), ("2h", "returns of the assets are of bars-1h"))
    for grid, said in cases:
        file = beta(tmp_path, f'grid = "{grid}"\nlookback_length = 20\n')
        code, _, err = call(capsys, "factors", "compute", "--config", file, *told, "--store")
        assert code == 0, err
        assert said in err
        assert ("returns of" in err) == bool(said)
    definitions = FactorStore.open(tmp_path / "cat").definitions().values()
    kept = {d.settings["grid"]: d.settings.get("returns") for d in definitions}
    assert kept == {
        "1min": None,
        "1h": {"asset": {}, "market": {"schema": "bars-1m"}},
        "2h": {"asset": {"schema": "bars-1h"}, "market": {"schema": "bars-1m"}},
    }


def test_bars_that_would_be_known_before_they_end_are_not_taken(tmp_path, capsys):
    """New York opens at half past: an hour that begins within a slot of two from 9:30 ends after it."""
    times = FIRST + np.arange(200) * HOUR
    filled(tmp_path / "cat", {(name, "bars-1h"): times for name in "AM"})
    for grid in ("2h", "1d"):
        file = beta(tmp_path, f'grid = "{grid}"\nsession = "XNYS"\nlookback_length = 20\n')
        code, _, err = call(capsys, "factors", "compute", "--config", file, "--catalog", tmp_path / "cat")
        assert code == 2, grid
        assert "no instrument has" in err


def test_a_factor_by_its_name_is_of_what_is_there_too(tmp_path, capsys):
    times = FIRST + np.arange(1_200) * HOUR
    made = filled(tmp_path / "cat", {(name, "bars-1h"): times for name in "AM"})
    file = tmp_path / "own.toml"
    file.write_text(
        'factor = "beta.ols"\ngrid = "6h"\nbenchmark = "M"\novernight = true\n[settings]\nwindow = 20\n'
        "min_observations = 10\nmin_nonzero_x = 3\nvar_floor = 1e-18\nwinsor = 0.0\nintercept = 1\nstale = 0\n"
    )
    told = ("--config", file, "--catalog", tmp_path / "cat", "--instrument", "A")
    for more in ((), ("--live",)):
        code, _, err = call(capsys, "factors", "compute", *told, "--store", *more)
        assert code == 0, err
        assert "returns of the assets are of bars-1h" in err
    assert call(capsys, "factors", "compare", "--catalog", tmp_path / "cat")[0] == 0
    assert call(capsys, "factors", "check-parity", *told)[0] == 0
    rows, kept = stored(tmp_path / "cat")
    assert kept.settings["returns"] == {"asset": {"schema": "bars-1h"}, "market": {"schema": "bars-1h"}}
    expected = slopes(times, made["A", "bars-1h"], made["M", "bars-1h"], 6 * HOUR, 20)
    np.testing.assert_allclose(rows["value"], expected, rtol=1e-8)


@pytest.mark.parametrize(("head", "table"), [("", ""), ('kind = "volatility"\nblock = 60\n', "[market]\n")])
def test_a_file_without_a_benchmark_is_to_the_basket_in_compute_as_in_the_checks(tmp_path, capsys, head, table):
    times = FIRST + np.arange(3_000) * MINUTE
    filled(tmp_path / "cat", {(name, "bars-1m"): times for name in "ABM"})
    window = 'lookback_length = 30\nmin_observations = 10\ngrid = "1min"\novernight = true\n'
    rows = []
    for said, option in (("", ()), ('benchmark = "basket"\n', ()), ('benchmark = "M"\n', ()), ("", ("M",)),
                         ('benchmark = "basket"\n', ("M",))):  # fmt: skip
        file = tmp_path / "beta.toml"
        file.write_text(head + table + window + said)
        told = ("--config", file, "--catalog", tmp_path / "cat", "--instrument", "A", "--instrument", "B")
        told += tuple(word for name in option for word in ("--benchmark", name))
        code, _, err = call(capsys, "factors", "compute", *told, "--out", tmp_path / "rows.parquet")
        assert code == 0, err
        rows.append(pl.read_parquet(tmp_path / "rows.parquet"))
        if not head:
            assert call(capsys, "factors", "check-parity", *told)[0] == 0
    assert rows[0].equals(rows[1])
    assert rows[2].equals(rows[3])
    assert rows[2].equals(rows[4])
    assert [set(frame["benchmark"]) for frame in rows[1:3]] == [{"basket"}, {"M"}]


def test_a_benchmark_that_is_not_there_says_who_names_it(tmp_path, capsys):
    filled(tmp_path / "cat", {("A", "trades"): FIRST + np.arange(100) * SECOND})
    file = tmp_path / "ticks.toml"
    told = ("--config", file, "--catalog", tmp_path / "cat", "--instrument", "A")
    of_file = "`benchmark` of the file, or --benchmark, names it"
    for line, option, said in (
        ('benchmark = "M"\n', (), f"the benchmark 'M' is not there; {of_file}"),
        ("", ("--benchmark", "M"), f"the benchmark 'M' is not there; {of_file}"),
        ("", (), f"the benchmark 'market' is not there; {of_file}, and where neither does it is 'market'"),
    ):
        file.write_text(f'method = "hayashi-yoshida"\n{line}')
        for command in ("compute", "check-start"):
            code, _, err = call(capsys, "factors", command, *told, *option)
            assert code == 2
            assert said in err


def test_the_help_says_what_the_benchmark_is_by_default(capsys):
    shown = {name: " ".join(call(capsys, "factors", name, "--help")[1].replace("│", " ").split())
             for name in ("compute", "check-start", "epps")}  # fmt: skip
    for name in ("compute", "check-start"):
        assert "that of the file, or of a beta of bars the mean of all others" in shown[name]
    assert "basket" not in shown["epps"]
    assert "of the file" not in shown["epps"]


def test_a_sector_beta_says_which_table_of_sectors_it_is_of(tmp_path, capsys):
    """Two tables are two digests, one table in another order one; the rows of each part point to their own."""
    day, cat = dt.date(2024, 1, 1), tmp_path / "cat"
    filled(cat, {(name, "bars-1m"): FIRST + np.arange(300) * MINUTE for name in "ABCM"})
    file = beta(tmp_path, "")
    file.write_text(
        'kind = "sector"\n[market]\nbenchmark = "M"\ngrid = "1min"\nlookback_length = 30\novernight = true\n'
    )
    one = [Statement(name, "Tech", day, None, day) for name in "ABC"]
    other = [*one[:2], Statement("C", "Oil", day, None, day)]
    told, values = [], []
    for statements in (one, one[::-1], other):
        with reference.writing(cat):
            reference.write_rows(cat, "sectors", as_rows(statements))
        words = ("--config", file, "--catalog", cat)
        code, _, err = call(capsys, "factors", "compute", *words, "--store", "--out", tmp_path / "rows.parquet")
        assert code == 0, err
        book = FactorStore.open(cat).book
        told.append(book.definitions[book.parts[-1].definition].settings["sectors"])
        values.append(pl.read_parquet(tmp_path / "rows.parquet")["value"])
    assert told[0] == told[1]
    assert not values[0].equals(values[2])
    assert told[2] != told[0]
    assert len(FactorStore.open(cat).book.parts) == 2
    report = call(capsys, "factors", "report", "--catalog", cat, "--out", tmp_path)
    assert report[0] == 0, report
    assert (tmp_path / "report.html").read_text().partition("<script>")[0].count("<td>passed</td>") == 3


def sparse(folder, gap):
    """Trades so seldom that slots of a second are mostly empty."""
    rng = np.random.default_rng(1)
    held = {}
    for name in "AM":
        times = FIRST + np.cumsum(rng.exponential(gap * SECOND, 900)).astype(np.int64)
        held[name, "trades"] = times
    filled(folder, held)


def test_a_fault_of_the_data_is_told_once_by_compute_live(tmp_path, capsys):
    sparse(tmp_path / "cat", 4.0)
    file = beta(tmp_path, 'grid = "1s"\nlookback_length = 30\novernight = true\nmax_gap = 30\n')
    told = ("factors", "compute", "--config", file, "--catalog", tmp_path / "cat", "--store", "--live")
    code, _, err = call(capsys, *told)
    assert code == 0, err
    assert err.count("warning: bars of 1s are too short") == 1


def test_what_was_warned_of_is_told_of_a_run_that_fails(tmp_path, capsys, monkeypatch):
    sparse(tmp_path / "cat", 4.0)
    file = beta(tmp_path, 'grid = "1s"\nlookback_length = 30\novernight = true\nmax_gap = 30\n')

    def fails(*_, **__):
        raise DataError("later on")

    monkeypatch.setattr(BetaFactory, "compute", fails)
    code, _, err = call(capsys, "factors", "compute", "--config", file, "--catalog", tmp_path / "cat")
    assert (code, "later on" in err) == (2, True)
    assert "warning: bars of 1s are too short" in err
