"""Simulated days in a catalog: the rows of the generator, their labels, and what is done with a recorded day.

What is wanted of the rows themselves stands in tests/venue/reactive."""

import datetime as dt
import json
import tomllib
from decimal import Decimal

import pytest

from conftest import call
from tickwright.core.errors import ConfigError
from tickwright.core.instrument import Instrument
from tickwright.core.rng import derive
from tickwright.core.time import parse_time
from tickwright.data.catalog import Catalog
from tickwright.run.parameters_file import SCHEMA, market_of, read_market
from tickwright.run.simulate import days_of
from tickwright.venue.sim.reactive import parameters
from tickwright.venue.sim.reactive.session import chunks, generate_session, labels_of, open_session

MONDAY = "2026-01-05"
HOUR = ("--open", "10:00", "--close", "11:00")


def simulate(capsys, catalog, *words, name="SIM", date=MONDAY):
    """An hour of a market: (exit code, stdout, stderr)."""
    return call(capsys, "simulate", "--instrument", name, "--date", date, "--catalog", catalog, *HOUR, *words)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A catalog with an hour of FP on a Monday."""
    from tickwright.app.cli import main

    where = tmp_path_factory.mktemp("simulated") / "ticks"
    words = ["simulate", "--instrument", "SIM", "--date", MONDAY, "--seed", "7", "--catalog", str(where), *HOUR]
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 0
    return where


@pytest.fixture
def catalog(folder):
    return Catalog.open(folder)


# ── the rows and their labels ────────────────────────────────────────────────────────────────────────────────────────


def test_the_rows_are_those_of_the_generator(catalog):
    date = dt.date.fromisoformat(MONDAY)
    begin, end = (parse_time(text, date, "America/New_York") for text in ("10:00", "11:00"))
    seed = derive(7, f"simulate/SIM/{MONDAY}")
    rows, labels = generate_session(parameters.FP(), seed, begin, end, instrument_id=catalog.instrument("SIM").id)
    assert catalog.read("SIM").tobytes() == rows.tobytes()
    assert catalog.labels("SIM") == [{**labels, "run_seed": 7, "date": MONDAY}]


def test_the_labels_alone_make_the_day_again(catalog):
    (told,) = catalog.labels("SIM", day=dt.date.fromisoformat(MONDAY))
    assert told["model"] == "fp"
    market = parameters.from_dict(told["parameters"])
    assert parameters.content_hash(market) == told["hash"]
    rows, _ = generate_session(
        market, told["seed"], told["open_ns"], told["close_ns"], mid_price=told["mid_price"],
        instrument_id=catalog.instrument("SIM").id,
    )  # fmt: skip
    assert catalog.read("SIM").tobytes() == rows.tobytes()


def test_the_instrument_is_the_one_that_was_asked_for(tmp_path, capsys):
    more = ("--tick-size", "0.25", "--lot-size", "0.1", "--currency", "EUR", "--timezone", "Europe/Paris")
    assert simulate(capsys, tmp_path / "c", *more, "--mid-price", "5000", "--model", "queue-reactive")[0] == 0
    found = Catalog.open(tmp_path / "c")
    told = found.instrument("SIM")
    assert (str(told.tick_size), str(told.lot_size), told.currency, told.timezone) == (
        "0.25", "0.1", "EUR", "Europe/Paris",
    )  # fmt: skip
    assert found.labels("SIM")[0]["mid_price"] == 20_000
    assert found.read("SIM")["ts_event"][0] == parse_time("10:00", dt.date.fromisoformat(MONDAY), "Europe/Paris")


def test_labels_are_listed_and_what_was_not_simulated_has_none(folder, zif_catalog, capsys):
    (listed,) = json.loads(call(capsys, "data", "ls", "--catalog", folder, "--json")[1])
    (told,) = listed["labels"]
    assert (told["model"], told["run_seed"]) == ("fp", 7)
    assert "fp" in listed["source"]
    assert "seed 7" in listed["source"]
    assert "labels" not in json.loads(call(capsys, "data", "ls", "--catalog", zif_catalog, "--json")[1])[0]
    assert Catalog.open(zif_catalog).labels("ZIF") == []


def test_labels_outlive_compaction_and_go_with_their_day(tmp_path, capsys):
    where = tmp_path / "c"
    assert simulate(capsys, where, "--days", "2")[0] == 0
    store = Catalog.open(where)
    before = store.labels("SIM")
    assert [one["date"] for one in before] == [MONDAY, "2026-01-06"]
    store.compact()
    assert Catalog.open(where).labels("SIM") == before
    assert simulate(capsys, where, "--seed", "2", "--replace")[0] == 0
    after = Catalog.open(where).labels("SIM")
    assert [one["run_seed"] for one in after] == [2, 1]
    assert after[1] == before[1]


def test_a_day_in_parts_is_the_day():
    # Invariant: chunks in order are the rows of the whole; each is small, whatever the length of the day.
    market = parameters.FP(flow=parameters.Flow(messages_a_second=500.0))
    whole, labels = generate_session(market, 3, 0, 1_800 * 10**9)
    session = open_session(market, 3, 0, 1_800 * 10**9)
    parts = list(chunks(session))
    assert len(parts) > 5
    assert max(map(len, parts)) <= 1 << 16
    assert b"".join(part.tobytes() for part in parts) == whole.tobytes()
    assert labels_of(session) == labels


# ── seeds ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_same_seed_same_bytes_and_a_day_is_the_same_whichever_others_are_asked_for(catalog, tmp_path, capsys):
    assert simulate(capsys, tmp_path / "two", "--seed", "7", "--days", "2")[0] == 0
    assert simulate(capsys, tmp_path / "late", "--seed", "7", date="2026-01-06")[0] == 0
    assert simulate(capsys, tmp_path / "other", "--seed", "8")[0] == 0
    two, late, other = (Catalog.open(tmp_path / name) for name in ("two", "late", "other"))
    monday, tuesday = (dt.date.fromisoformat(day) for day in (MONDAY, "2026-01-06"))
    assert two.read("SIM", day=monday).tobytes() == catalog.read("SIM").tobytes()
    assert two.read("SIM", day=tuesday).tobytes() == late.read("SIM").tobytes()
    assert two.fingerprint("SIM", "events", day=tuesday) == late.fingerprint("SIM", "events", day=tuesday)
    assert other.read("SIM").tobytes() != catalog.read("SIM").tobytes()


def test_days_are_business_days_with_seeds_of_their_own():
    sim, other = (Instrument(name, "XSIM", "USD", Decimal("0.01"), timezone="UTC") for name in ("SIM", "OTHER"))
    days = days_of(sim, dt.date(2026, 1, 8), 4, 7)
    assert [day.date.isoformat() for day in days] == ["2026-01-08", "2026-01-09", "2026-01-12", "2026-01-13"]
    seeds = {day.seed for day in (*days, *days_of(other, dt.date(2026, 1, 8), 4, 7), *days_of(sim, days[0].date, 4, 8))}
    assert len(seeds) == 12
    # Clocks go forward in New York on Sunday, 8 March 2026: the local open is an hour earlier in UTC.
    york = Instrument("NY", "XSIM", "USD", Decimal("0.01"), timezone="America/New_York")
    friday, monday = days_of(york, dt.date(2026, 3, 6), 2, 1)
    assert monday.open_ts - friday.open_ts == (3 * 24 - 1) * 3600 * 10**9


def test_what_no_day_can_be_is_named_by_its_argument():
    """A library knows arguments and no options."""
    sim = Instrument("SIM", "XSIM", "USD", Decimal("0.01"), timezone="UTC")
    monday = dt.date(2026, 1, 5)
    for name, arguments in (
        ("seed", (monday, 1, -1)), ("count", (monday, 0, 1)), ("first", (dt.date(2026, 1, 4), 1, 1)),
        ("opens", (monday, 1, 1, "late")), ("closes", (monday, 1, 1, "10:00", "09:00")),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=f"^{name}: got") as caught:
            days_of(sim, *arguments)
        assert "--" not in str(caught.value)


def test_a_rerun_is_recognised_and_another_market_refused(folder, capsys):
    version = Catalog.open(folder).version
    code, out, _ = simulate(capsys, folder, "--seed", "7")
    assert code == 0
    assert "already" in out
    assert Catalog.open(folder).version == version
    code, out, _ = simulate(capsys, folder, "--seed", "7", "--json")
    assert json.loads(out)["days"][0]["already"] is True
    code, _, err = simulate(capsys, folder, "--seed", "8")
    assert code == 2
    assert "--replace" in err
    assert Catalog.open(folder).version == version


# ── what is done with a day ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "command", [("data", "check"), ("data", "verify-book", "--instrument", "SIM", "--date", MONDAY)]
)
def test_nothing_is_wrong_with_a_simulated_day(folder, capsys, command):
    code, out, err = call(capsys, *command, "--catalog", folder, "--json")
    assert code == 0, out + err
    assert json.loads(out).get("mismatches", 0) == 0


@pytest.mark.parametrize("model", [name for name in parameters.MARKETS if name != "fp"])
def test_every_model_stores_a_clean_day(model, tmp_path, capsys):
    assert simulate(capsys, tmp_path / "c", "--model", model, "--close", "10:10")[0] == 0
    labels = Catalog.open(tmp_path / "c").labels("SIM")[0]
    assert labels["model"] == parameters.MARKETS[model]().name == ("fp" if model == "fp-small-tick" else model)
    assert labels["parameters"].get("impact") == getattr(parameters.MARKETS[model](), "impact", None)
    assert call(capsys, "data", "check", "--catalog", tmp_path / "c")[0] == 0


def test_execute_works_an_order_in_a_simulated_day(folder, tmp_path, capsys):
    order = ("--side", "buy", "--quantity", "500", "--start", "10:10", "--end", "10:15", "--policy", "twap/take")
    words = ("--catalog", folder, "--instrument", "SIM", "--date", MONDAY, *order)
    code, _, err = call(capsys, "execute", *words, "--out", tmp_path / "out")
    assert code == 0, err
    (row,) = json.loads((tmp_path / "out" / "result.json").read_text())["orders"]
    assert row["filled"] == "500"
    assert row["slippage_bps"]["arrival"] is not None


@pytest.mark.slow
def test_what_calibrate_writes_can_be_simulated(tmp_path, capsys):
    assert simulate(capsys, tmp_path / "c", "--model", "santa-fe", "--mid-price", "250.00")[0] == 0
    words = ("--catalog", tmp_path / "c", "--instrument", "SIM", "--date", MONDAY, "--model", "santa-fe")
    assert call(capsys, "calibrate", *words, "--out", tmp_path / "fit")[0] == 0
    file = tmp_path / "fit" / "parameters.toml"
    code, _, err = simulate(capsys, tmp_path / "again", "--parameters", file)
    assert code == 0, err
    (told,) = Catalog.open(tmp_path / "again").labels("SIM")
    written = tomllib.loads(file.read_text())["parameters"]
    assert told["mid_price"] == written["mid_price"] == pytest.approx(25_000, abs=300)
    assert told["parameters"]["limit_rate"] == written["limit_rate"]
    assert told["parameters"]["flow"]["sizes"] == written["flow"]["sizes"]
    # The hour that was fitted had about as many rows as the one that came of the fit.
    rows = [len(Catalog.open(tmp_path / name).read("SIM")) for name in ("c", "again")]
    assert rows[1] == pytest.approx(rows[0], rel=0.1)


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "guess"), "one of santa-fe, epsilon, hawkes, queue-reactive, ql, fp, fp-small-tick"),
        (("--seed", "-1"), "0 or more"),
        (("--date", "yesterday"), "YYYY-MM-DD"),
        (("--date", "2026-01-04"), "Monday to Friday"),
        (("--days", "0"), "--days"),
        (("--date", "9999-12-31", "--days", "3"), "1970 to 2199"),
        (("--close", "09:00"), "after the open"),
        (("--open", "10 o'clock"), "--open"),
        (("--timezone", "Mars/Olympus"), "time zone"),
        (("--timezone", ""), "--timezone"),
        (("--tick-size", "0"), "--tick-size"),
        (("--mid-price", "10.005"), "whole multiple"),
        (("--mid-price", "0.02"), "does not fall to zero"),
        (("--currency", "us dollars"), "--currency"),
        (("--instrument", " "), "instrument"),
        (("--parameters", "absent.toml"), "absent.toml"),
    ],
)
def test_bad_requests_are_named_and_leave_nothing(words, said, tmp_path, capsys):
    given = {
        "--instrument": "SIM",
        "--date": MONDAY,
        "--catalog": tmp_path / "c",
        "--open": "10:00",
        "--close": "11:00",
    }
    given |= dict(zip(words[::2], words[1::2], strict=True))
    code, out, err = call(capsys, "simulate", *(f"{name}={value}" for name, value in given.items()))
    assert code == 2
    assert said in err
    assert out == ""
    assert "Traceback" not in err
    assert not (tmp_path / "c" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model = 'fp'", "version"),
        ("model = 'guess'\nversion = 2", "one of santa-fe"),
        ("model = 'fp'\nversion = 3", "version: got 3"),
        ("model = 'fp'\nversion = 2\nkapa = 1.0", "kapa"),
        ("model = 'fp'\nversion = 2\nkappa = nan", "kappa: got nan"),
        ("model = 'fp'\nversion = 2\nkappa = true", "kappa"),
        ("model = 'santa-fe'\nversion = 2\nband = inf", "band"),
        ("model = 'fp'\nversion = 2\n[flow]\nsizes = []\nweights = []", "flow.sizes"),
        ("model = 'fp'\nversion = 2\n[flow]\nweights = [[1.0]]", "flow.weights"),
        # It would empty the book.
        ("model = 'ql'\nversion = 2\n[queues]\nlimit = [[0.0, 0.0]]\ncancel = [[0.0, 1.0]]\nmarket = [1.0, 1.0]",
         "or the queue stays empty"),
        ("model = 'ql'\nversion = 2\n[queues]\nlimit = [1.0]\ncancel = [1.0]\nmarket = [1.0]", "list of lists"),
        ("model = 'fp'\nversion = 2\nqueues = 3", "queues"),
        ("model = 'fp'\nversion = 2\nmid_price = 0.5", "mid_price"),
        ("schema = 'tickwright.parameters/1'\nmodel = 'fp'\nversion = 2\n[parameters]\n", SCHEMA),
        (f"schema = '{SCHEMA}'\nmodel = 'fp'\nversion = 2\nkappa = 1.0\n[parameters]\n", "kappa"),
        ("not TOML", "valid TOML"),
    ],
)  # fmt: skip
def test_bad_parameters_are_named_with_their_file(text, said, tmp_path, capsys):
    (tmp_path / "bad.toml").write_text(text)
    code, _, err = simulate(capsys, tmp_path / "c", "--parameters", tmp_path / "bad.toml")
    assert code == 2
    assert said in err
    assert "bad.toml" in err
    assert "Traceback" not in err
    assert not (tmp_path / "c").exists()


def test_a_model_beside_a_file_of_another_is_refused(tmp_path, capsys):
    (tmp_path / "fp.toml").write_text("model = 'fp'\nversion = 2")
    code, _, err = simulate(capsys, tmp_path / "c", "--parameters", tmp_path / "fp.toml", "--model", "ql")
    assert code == 2
    assert "--model" in err
    assert "fp" in err


@pytest.mark.parametrize("model", list(parameters.MODELS))
def test_both_forms_of_a_file_give_the_parameters_back(model):
    plain = parameters.to_dict(parameters.default(model))
    fields = {name: value for name, value in plain.items() if name not in ("model", "version")}
    nested = {"schema": SCHEMA, "model": model, "version": 2, "parameters": {**fields, "mid_price": 5}}
    assert market_of(plain).parameters == market_of(nested).parameters == parameters.default(model)
    assert (market_of(plain).mid_price, market_of(nested).mid_price) == (None, 5)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigError, match="readable file"):
        read_market(tmp_path)
