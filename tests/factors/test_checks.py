"""The three checks pass on every beta that comes with Tickwright, and fail on faults that are planted."""

import json
from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest

from tickwright.app.cli import main
from tickwright.app.first_use import NOTICE
from tickwright.core.kernel import inline
from tickwright.core.layout import F8, I8
from tickwright.factors.beta import known  # noqa: F401 - registers
from tickwright.factors.beta.cases import cases, configs, made_market
from tickwright.factors.checks import CHECKS, Case, Outcome, check_lookahead, check_parity, check_start
from tickwright.factors.factor import Factor
from tickwright.factors.graph import Node
from tickwright.factors.records import Sample, Status
from tickwright.factors.registry import names
from tickwright.factors.sources.returns import ReturnSource

OK = int(Status.OK)


def call(capsys, *words):
    with pytest.raises(SystemExit) as end:
        main([str(w) for w in words])
    shown = capsys.readouterr()
    return end.value.code, shown.out, shown.err.replace(f"{NOTICE}\n", "")


@pytest.mark.parametrize(
    "check", [pytest.param(c, marks=[] if c == "check-start" else [pytest.mark.slow]) for c in CHECKS]
)
def test_every_shipped_factor_passes(capsys, check):
    code, out, err = call(capsys, "factors", check, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert {row["factor"] for row in told} == set(names("beta"))
    assert all(row["passed"] and row["compared"] > 100 for row in told)


@dataclass(frozen=True, slots=True)
class Nothing:
    """No setting."""

    unused: F8 = 0.0


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum that never ends."""

    n: I8
    total: F8


@inline(borrow=True)
def remembers(config, state, ring, x, out):
    if x.asset.status == OK:
        state.n += 1
        state.total += x.asset.value
        out.value = state.total / state.n
        out.status = OK


@inline(borrow=True)
def hides(config, state, ring, x, out):
    """Keeps what it remembers in its configuration, which no snapshot holds."""
    if x.asset.status == OK:
        config.unused = x.asset.value
    out.value = config.unused
    out.status = OK


def five(config):
    return 5


def case_of(update, lookback, state, source=ReturnSource):
    prices, _ = made_market(3)
    beta = next(iter(cases(configs()[:1], prices, made_market(3)[1])))
    sources = [source(s.symbol, s.grid, max_span=2, overnight=True, whole=True) for s in beta.sources["asset"]]
    factor = Factor("test.fault", 1, update, Nothing, {"asset": Sample}, lookback, state)
    node = Node(factor, Nothing(), {"asset": sources[0].source("asset")})
    return Case(node, {"asset": sources}, {"asset": list(prices.values())})


class Peeks(ReturnSource):
    """Stamps each return a bar early: what is known only at the end of the next bar."""

    def returns(self, where, start_ns=None, end_ns=None):
        rows = super().returns(where, start_ns, end_ns)
        rows["value"][:-1] = rows["value"][1:]
        return rows


def test_a_memory_without_end_is_caught():
    outcome = check_start(case_of(remembers, five, Sum))
    assert not outcome.passed
    assert outcome.difference.startswith("value of instrument")
    assert check_lookahead(case_of(remembers, five, Sum)).passed


def test_a_shifted_source_is_caught():
    case = case_of(remembers, five, Sum, Peeks)
    assert not check_lookahead(case).passed
    assert not check_parity(case).passed


def test_state_outside_the_snapshot_is_caught():
    outcome = check_parity(case_of(hides, five, Sum))
    assert not outcome.passed
    assert "value of instrument" in outcome.difference


def test_a_check_that_compared_nothing_does_not_pass():
    case = case_of(remembers, five, Sum)
    empty = replace(case, prices={"asset": [{k: v[:4] for k, v in c.items()} for c in case.prices["asset"]]})
    assert not check_start(empty).passed


def test_what_the_commands_refuse(capsys, tmp_path):
    file = tmp_path / "beta.toml"
    file.write_text('lookback_length = 10\nmin_observations = 11\ngrid = "1d"\n')
    for words, said in (
        (["--config", file], "min_observations"),
        (["--instrument", "A"], "--catalog"),
        (["--catalog", tmp_path], "--config"),
        (["--config", tmp_path / "none.toml"], "none.toml"),
    ):
        code, out, err = call(capsys, "factors", "check-start", *words)
        assert (code, out) == (2, "")
        assert said in err
        assert "Traceback" not in err
    file.write_text("lookback = 10\n")
    assert "unknown key lookback" in call(capsys, "factors", "check-start", "--config", file)[2]


def test_a_seed_of_nought_is_a_seed(capsys, monkeypatch):
    from tickwright.app.commands import factor_cases as factors
    from tickwright.app.commands import factors as commands

    asked = []
    monkeypatch.setattr(factors, "made_market", lambda seed: asked.append(seed) or made_market(seed))
    monkeypatch.setattr(commands, "CHECKS", {"check-start": lambda case: Outcome("check-start", "f", 1)})
    for words in (["--seed", "0"], []):
        assert call(capsys, "factors", "check-start", *words)[0] == 0
    assert asked == [0, 1]


@pytest.mark.parametrize(("line", "words", "wanted"), [
    ('benchmark = "SPY"', [], "SPY"), ("", [], None), ('benchmark = "basket"', [], None),
    ('benchmark = "SPY"', ["--benchmark", "QQQ"], "QQQ"),
])  # fmt: skip
def test_the_benchmark_is_that_of_the_option_or_of_the_file_or_a_basket(
    capsys, monkeypatch, tmp_path, line, words, wanted
):
    from tickwright.app.commands import factor_cases as factors

    file = tmp_path / "beta.toml"
    file.write_text(f'lookback_length = 40\ngrid = "1min"\n{line}\n')
    asked = []

    def told(factory, catalog, where, symbols):
        asked.extend([*symbols, factory.market.benchmark])
        return SimpleNamespace(case=lambda span: case_of(remembers, five, Sum))

    monkeypatch.setattr(factors, "open_catalog", lambda where: None)
    monkeypatch.setattr(factors, "fitting", lambda factory, *_: factory)
    monkeypatch.setattr(factors, "recorded", told)
    call(capsys, "factors", "check-start", "--config", file, "--catalog", tmp_path, "--instrument", "A", *words)
    assert asked == ["A", wanted or "basket"]


def test_a_fault_ends_the_command_with_2(capsys, monkeypatch):
    from tickwright.app.commands import factor_cases as factors

    monkeypatch.setattr(factors, "cases", lambda *given: iter([case_of(remembers, five, Sum)]))
    monkeypatch.setattr(factors, "configs", lambda: configs()[:1])
    monkeypatch.setattr(factors, "joint_configs", list)
    monkeypatch.setattr(factors, "tick_configs", list)
    code, out, _ = call(capsys, "factors", "check-start")
    assert code == 2
    assert "FAIL" in out
    assert "1 of 1 failed" in out
