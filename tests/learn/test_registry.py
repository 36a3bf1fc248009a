"""The registry against a plain model of it, killed at any moment, and with files that were damaged."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_artefact import random_network

from tickwright.core.errors import ConfigError, FileFormatError, TickwrightError, UsageError
from tickwright.learn.artefact import save
from tickwright.run.registry import HISTORY, POINTER, POLICIES, Registry
from tickwright.strategy.learned.container import SHIPPED, TrainedPolicy


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Five policies."""
    folder = tmp_path_factory.mktemp("policies")
    for seed in range(5):
        save(TrainedPolicy(random_network(seed), ("m",), 2.0, 60.0), folder / f"{seed}.twp")
    return [folder / f"{seed}.twp" for seed in range(5)]


def test_a_policy_of_the_package_enters_by_its_name(tmp_path, monkeypatch):
    """As `execute --policy rl:demo` knows it; a file of that name is ./demo."""
    monkeypatch.chdir(tmp_path)
    registry = Registry(tmp_path / "policies")
    state = registry.enter(Path("demo"), "the one that comes with the package")
    assert registry.file(state.champion).read_bytes() == (SHIPPED / "demo.twp").read_bytes()
    with pytest.raises(FileFormatError, match="nothing"):
        registry.enter(Path("nothing"), "")


class Model:
    """What a registry should say: names of files in a list, a stack, a slot."""

    def __init__(self):
        self.champions, self.challenger, self.stage = [], None, None

    def enter(self, name):
        if not self.champions:
            self.champions.append(name)
        elif name == self.champions[-1] or (self.stage == "canary" and name != self.challenger):
            raise UsageError
        elif name != self.challenger:
            self.challenger, self.stage = name, "shadow"

    def promote(self):
        if self.challenger is None:
            raise UsageError
        if self.stage == "shadow":
            self.stage = "canary"
        else:
            self.champions.append(self.challenger)
            self.challenger = self.stage = None

    def rollback(self):
        if self.challenger is not None:
            self.challenger = self.stage = None
        elif len(self.champions) < 2:
            raise UsageError
        else:
            self.champions.pop()


def agree(registry, model):
    state = registry.check()
    names = [registry.file(policy).read_bytes() for policy in (*state.before, state.champion)]
    assert names == [file.read_bytes() for file in model.champions]
    found = None if state.challenger is None else registry.file(state.challenger).read_bytes()
    assert found == (None if model.challenger is None else model.challenger.read_bytes())
    assert state.stage == model.stage


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["promote", "rollback", 0, 1, 2, 3, 4]), max_size=12))
def test_it_is_a_stack_with_one_challenger(files, tmp_path_factory, steps):
    """After any changes the registry says what a list with one slot says, and its history has every one of them."""
    registry, model = Registry(tmp_path_factory.mktemp("registry")), Model()
    registry.enter(files[0], "first")
    model.enter(files[0])
    count = 1
    for step in steps:
        named = isinstance(step, int)
        again = named and files[step] == model.challenger
        try:
            model.enter(files[step]) if named else getattr(model, step)()
        except UsageError:
            with pytest.raises(UsageError):
                registry.enter(files[step], "") if named else getattr(registry, step)("")
        else:
            registry.enter(files[step], "") if named else getattr(registry, step)("")
            count += not again
        agree(registry, model)
        assert [change.number for change in registry.history] == list(range(1, count + 1))
        assert registry.state.number == count


@pytest.mark.parametrize("change", ["enter", "promote", "rollback"])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_killed_at_any_moment_it_has_a_valid_champion(files, tmp_path, monkeypatch, change, call):
    """At each sync and each rename of a change in turn: the state is exactly that before it or exactly that after it,
    as a twin has it who was left in peace, and the next change goes through."""

    class Killed(BaseException):
        pass

    def begun(name):
        registry = Registry(tmp_path / name)
        registry.enter(files[0], "")
        registry.enter(files[1], "")
        if change != "enter":
            registry.promote("")
        return registry

    def carry_out(registry):
        return registry.enter(files[2], "") if change == "enter" else getattr(registry, change)("")

    after, found = carry_out(begun("twin")), []
    for moment in range(20):
        registry = begun(f"{moment}")
        before, left = registry.state, [moment]
        real = getattr(os, call)

        def killing(*arguments, real=real, left=left):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return real(*arguments)

        monkeypatch.setattr(os, call, killing)
        try:
            carry_out(registry)
        except Killed:
            pass
        else:
            break
        finally:
            monkeypatch.undo()
        state = registry.check()
        assert state in (before, after)
        found.append(state)
        registry.rollback("goes on") if state.stage == "canary" else registry.enter(files[3], "goes on")
        assert registry.check().number == state.number + 1
    assert len(found) >= 2
    assert found[0] == before
    assert before != after


@pytest.mark.parametrize("lost", ["last", "first", "all"])
@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_a_rollback_needs_no_history(files, tmp_path, lost, how):
    """Both kinds of it go through with entries that are gone or damaged; the number goes on; only the chain is told."""
    registry = Registry(tmp_path)
    for step in range(3):
        registry.enter(files[step], "")
        if step:
            registry.promote("")
            registry.promote("")
    registry.enter(files[3], "")
    registry.promote("")
    before, entries = registry.state, [change.previous for change in registry.history[1:]] + [registry.state.entry]
    assert before.number == len(entries) == 9
    for entry in {"last": entries[-1:], "first": entries[:1], "all": entries}[lost]:
        file = tmp_path / HISTORY / f"{entry}.json"
        file.unlink() if how == "missing" else file.write_bytes(b"{}")
    names = [files[step].read_bytes() for step in range(3)]
    for champion in (2, 1, 0):
        state = registry.rollback("at once")
        assert registry.file(state.champion).read_bytes() == names[champion]
        assert state.challenger is None
    assert (state.number, registry.state) == (12, state)
    with pytest.raises(FileFormatError, match="history"):
        registry.check()


def test_a_challenger_meets_the_champion_that_it_was_judged_against(files, tmp_path):
    """Judged against one, it does not come in against another; a canary is not thrown out; the verdict is kept."""
    registry = Registry(tmp_path)
    with pytest.raises(ConfigError, match="nobody by now"):
        registry.enter(files[0], "", against="a" * 64)
    first = registry.enter(files[0], "").champion
    state = registry.enter(files[1], "", against=first, verdict="f" * 64)
    assert registry.history[-1].verdict == "f" * 64
    assert registry.history[0].verdict is None
    state = registry.promote("")
    with pytest.raises(ConfigError, match="no canary out"):
        registry.enter(files[2], "", against=first)
    assert registry.enter(files[1], "", against=first) == state == registry.state  # itself stays where it is
    promoted = registry.promote("somebody else")
    with pytest.raises(ConfigError, match=rf"against.*{promoted.champion}"):
        registry.enter(files[2], "", against=first)
    assert registry.state == promoted
    assert len(list((tmp_path / POLICIES).iterdir())) == 2


def test_what_was_damaged_is_refused_by_its_hash(files, tmp_path):
    registry = Registry(tmp_path)
    registry.enter(files[0], "")
    registry.enter(files[1], "")
    for file in [*(tmp_path / POLICIES).iterdir(), *(tmp_path / HISTORY).iterdir(), tmp_path / POINTER]:
        whole = file.read_bytes()
        for broken in (whole[:-2], whole[:40] + bytes([whole[40] ^ 1]) + whole[41:], b""):
            file.write_bytes(broken)
            with pytest.raises(FileFormatError):
                registry.check()
        file.write_bytes(whole)
        registry.check()
    damaged = tmp_path / POLICIES / f"{registry.state.challenger}.twp"
    damaged.write_bytes(files[2].read_bytes())  # a good policy, and not the one
    before = registry.state
    with pytest.raises(FileFormatError, match="that of its name"):
        registry.promote("")
    assert registry.state == before
    registry.rollback("")  # which is how to get rid of it


def test_a_canary_works_its_share_and_a_shadow_nothing(files, tmp_path):
    registry = Registry(tmp_path)
    registry.enter(files[0], "")
    orders = [f"order {i}" for i in range(10_000)]

    def works():
        state = registry.state
        return sum(state.works(order) == "canary" for order in orders)

    assert works() == 0
    registry.enter(files[1], "")
    assert works() == 0
    registry.promote("")
    assert 880 <= works() <= 1_120  # 1 000 expected, sd 30
    registry.rollback("")
    registry.enter(files[1], "")
    registry.promote("", share=0.3)
    assert 2_820 <= works() <= 3_180  # 3 000 expected, sd 46
    assert registry.history[-1].what == "promote to canary of 30 %"
    registry.promote("")
    assert works() == 0


def test_who_works_an_order_is_the_documented_rule(files, tmp_path):
    """The last four bytes of BLAKE2b, little-endian, against the share; of the canary and the order alone."""
    registry = Registry(tmp_path)
    for file in files[:2]:
        state = registry.enter(file, "")
    state = registry.promote("", share=0.5)
    for i in range(200):
        digest = hashlib.blake2b(f"{state.challenger}/{i}".encode(), digest_size=8).digest()
        expected = "canary" if int.from_bytes(digest[4:], "little") / 2**32 < 0.5 else "champion"
        assert state.works(str(i)) == expected


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_that_is_none_is_refused(files, tmp_path, share):
    registry = Registry(tmp_path)
    registry.enter(files[0], "")
    registry.enter(files[1], "")
    with pytest.raises(ConfigError, match="--share"):
        registry.promote("", share=share)
    registry.promote("")
    with pytest.raises(ConfigError, match="becomes champion"):
        registry.promote("", share=0.2)


def test_a_state_without_a_share_is_read(files, tmp_path):
    """As it was written before shares were said: a tenth."""
    registry = Registry(tmp_path)
    registry.enter(files[0], "")
    table = json.loads((tmp_path / POINTER).read_text())
    del table["state"]["share"]
    content = (json.dumps(table["state"], sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()
    table["hash"] = hashlib.sha256(content).hexdigest()
    (tmp_path / POINTER).write_text(json.dumps(table))
    assert registry.state.share == 0.1


def test_wrong_use_is_refused(files, tmp_path):
    registry = Registry(tmp_path / "none")
    with pytest.raises(ConfigError, match="registry enter"):
        _ = registry.state
    (tmp_path / "no.twp").write_bytes(b"nothing")
    with pytest.raises(TickwrightError):
        registry.enter(tmp_path / "no.twp", "")
    assert not registry.exists
    registry.enter(files[0], "")
    with registry._writing(), pytest.raises(UsageError, match="somebody else"):
        registry.enter(files[1], "")
    table = json.loads((registry.folder / POINTER).read_text())
    table["state"]["champion"] = "0" * 64
    (registry.folder / POINTER).write_text(json.dumps(table))
    with pytest.raises(FileFormatError, match="hash"):
        _ = registry.state
