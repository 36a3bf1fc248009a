"""The trained policy as a file: it decides as the network did, without torch, and a broken one is refused by name."""

import hashlib
import itertools
import json
import struct
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickwright.core.errors import ConfigError, FileFormatError
from tickwright.learn import EpisodeConfig, ExecutionBatch
from tickwright.learn.artefact import NetworkPolicy, TrainedPolicy, from_bytes, latency, load, save
from tickwright.strategy.learned import network as networks
from tickwright.strategy.learned.actions import ACTIONS
from tickwright.strategy.learned.at_work import Trained
from tickwright.strategy.learned.layout import OBSERVED
from tickwright.strategy.learned.network import Network, choose, choose_rows
from tickwright.strategy.learned.options import Learned
from tickwright.strategy.learned.schema import code_lines

HEAD = struct.Struct("<8sIIQ")


def random_network(seed=1, hidden=(64, 64), inputs=OBSERVED, outputs=ACTIONS):
    rng = np.random.default_rng(seed)
    widths = [inputs, *hidden, outputs]
    layers = [
        ((rng.normal(size=(a, b)) / np.sqrt(a)).astype(np.float32), rng.normal(size=b).astype(np.float32))
        for a, b in itertools.pairwise(widths)
    ]
    scale = rng.uniform(0.2, 3, inputs)
    scale[3] = 0.0
    return Network(rng.normal(size=inputs).astype(np.float32), scale.astype(np.float32), tuple(layers))


def policy(network=None, **more):
    return TrainedPolicy(network or random_network(), ("0123456789abcdef",), 5.0, 150.0, **more)


def test_it_decides_as_torch_does():
    """On 100 000 observations the compiled pass takes the action of the same network in torch, but for ties."""
    torch = pytest.importorskip("torch")
    from tickwright.learn.train.model import ActorCritic, normalised

    rng = np.random.default_rng(7)
    model = ActorCritic(OBSERVED, ACTIONS, (64, 64), torch.Generator().manual_seed(3))
    with torch.no_grad():  # as it is after some training: logits far apart
        model.actor[-1].weight *= 100.0
    network = model.network(rng.normal(size=OBSERVED).astype(np.float32), rng.uniform(0, 3, OBSERVED).astype("f4"))
    observations = rng.normal(scale=3, size=(100_000, OBSERVED)).astype(np.float32)
    masks = rng.random((100_000, ACTIONS)) < 0.5
    masks[:, 0] = True
    with torch.no_grad():
        log_probs, _ = model(normalised(observations, network.mean, network.scale), torch.from_numpy(masks))
    actions = np.zeros(100_000, np.int64)
    choose_rows(network.widths, network.packed(), observations, masks, network.scratch(), actions)
    want = log_probs.numpy().argmax(axis=1)
    top = np.sort(log_probs.numpy(), axis=1)[:, -2:]
    near = top[:, 1] - top[:, 0] < 1e-5
    np.testing.assert_array_equal(actions[~near], want[~near])
    assert near.sum() < 50
    assert masks[np.arange(100_000), actions].all()


@given(st.integers(0, 2**32), st.lists(st.integers(1, 9), max_size=3))
@settings(max_examples=30, deadline=None)
def test_the_forward_pass_is_the_written_law(seed, hidden):
    """Any shape: the logits are those of the formula in float64, to float32's precision."""
    network = random_network(seed, hidden, 6, 4)
    x = np.random.default_rng(seed).normal(scale=4, size=6).astype(np.float32)
    value = np.clip((x.astype(float) - network.mean) * network.scale, -networks.CLIP, networks.CLIP)
    for i, (weights, bias) in enumerate(network.layers):
        value = value @ weights + bias
        value = np.tanh(value) if i < len(network.layers) - 1 else value
    scratch = network.scratch()
    row = networks.forward(network.widths, network.packed(), x, scratch)
    np.testing.assert_allclose(scratch[row, :4], value, atol=2e-5)
    mask = np.array([True, False, True, True])
    chosen = choose(network.widths, network.packed(), x, mask, network.scratch())
    assert chosen == np.where(mask, scratch[row, :4], -np.inf).argmax()


def test_tanh_is_tanh():
    x = np.linspace(-12, 12, 200_001).astype(np.float32)
    y = x.copy()
    networks.tanh(y)
    assert np.abs(y - np.tanh(x.astype(float))).max() < 4e-7


def test_of_equals_the_first_and_without_a_legal_one_keep():
    network = Network(np.zeros(1, "f4"), np.ones(1, "f4"), ((np.zeros((1, 3), "f4"), np.zeros(3, "f4")),))
    seen, packed = np.zeros(1, np.float32), network.packed()
    for mask, want in (([True] * 3, 0), ([False, True, True], 1), ([False] * 3, 0)):
        assert choose(network.widths, packed, seen, np.array(mask), network.scratch()) == want


def test_a_file_comes_back(tmp_path):
    """What is saved is loaded, and saved again in the same bytes."""
    kept = policy(episode={"steps": 30}, metrics={"best": 1.5}, manifest={"seeds": {"run": 1}})
    save(kept, tmp_path / "policy.twp")
    again = load(tmp_path / "policy.twp")
    assert again.to_bytes() == kept.to_bytes() == (tmp_path / "policy.twp").read_bytes()
    assert again.fingerprint == kept.fingerprint
    assert (again.markets, again.episode, again.manifest) == (kept.markets, kept.episode, kept.manifest)
    batch = type("Seen", (), {})()
    batch.observations = np.random.default_rng(0).normal(size=(50, OBSERVED)).astype(np.float32)
    batch.masks = np.ones((50, ACTIONS), np.bool_)
    decided = NetworkPolicy.of(tmp_path / "policy.twp").decide(batch)
    assert decided.dtype == np.int64
    np.testing.assert_array_equal(decided, NetworkPolicy(kept.network).decide(batch))


@pytest.mark.parametrize("left", [0, 3, 8, 20, 24, 100, -1, -32, -1000])
def test_a_file_cut_short_is_refused(tmp_path, left):
    whole = policy().to_bytes()
    file = tmp_path / "policy.twp"
    file.write_bytes(whole[:left])
    with pytest.raises(FileFormatError, match="cut short") as caught:
        load(file)
    assert str(file) in str(caught.value)
    with pytest.raises(FileFormatError, match="added to"):
        from_bytes(whole + b"x", "f")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_byte_may_change(data):
    whole = bytearray(policy(random_network(hidden=(4,))).to_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(FileFormatError):
        from_bytes(bytes(whole), "f")


def changed(edit, numbers=lambda b: b):
    """A file whose header was edited, its hash made good."""
    whole = policy(random_network(hidden=(4,))).to_bytes()
    magic, version, length, _ = HEAD.unpack_from(whole)
    header = json.loads(whole[HEAD.size : HEAD.size + length])
    arrays = numbers(whole[HEAD.size + length : -32])
    edit(header)
    text = json.dumps(header).encode()
    body = HEAD.pack(magic, version, len(text), HEAD.size + len(text) + len(arrays) + 32) + text + arrays
    return body + hashlib.sha256(body).digest()


def nan(numbers):
    return np.float32(np.nan).tobytes() + numbers[4:]


@pytest.mark.parametrize(
    ("edit", "place", "expected"),
    [
        (lambda h: h["observation"].update(schema="0" * 16), "observation.schema", "that of this version"),
        (lambda h: h["action"].update(schema="0" * 16), "action.schema", "that of this version"),
        (lambda h: h["action"].update(size=21), "action.size", "20"),
        (lambda h: h.update(kind="lstm"), "kind", "mlp"),
        (lambda h: h.pop("observation"), "observation.schema", "that of this version"),
        (lambda h: h.update(arrays=3), "arrays", "names and shapes"),
        (lambda h: h["arrays"][0].update(shape=[-1]), "arrays", "names and shapes"),
        (lambda h: h["arrays"][0].update(shape=[10**30]), "array observation.mean", "bytes"),
        (lambda h: h["arrays"].pop(), "arrays", "bytes"),
        (lambda h: h["arrays"][2].update(name="other"), "arrays", "layer0.weights"),
        (lambda h: h.update(markets="x"), "markets", "a list of hashes"),
        (lambda h: h.update(pace={}), "pace", "above 0"),
        (lambda h: h.pop("manifest"), "manifest", "a table"),
        (lambda h: h["manifest"].update(config=[1]), "manifest.config", "a table"),
        (lambda h: h["manifest"].update(config={"steps": "many"}), "manifest.config.steps", "a whole number"),
        (lambda h: h["manifest"].update(config={"ppo": 3}), "manifest.config.ppo", "a table"),
        (lambda h: h["manifest"].update(seeds={"run": [1]}), "manifest.seeds", "whole numbers"),
        (lambda h: h["metrics"].update(steps=True), "metrics.steps", "a whole number"),
        (lambda h: h["episode"].update(steps=0), "episode.steps", "a whole number from 1"),
        (lambda h: h["episode"].update(reach="q"), "episode.reach", "a whole number from 0 to 1000"),
        (lambda h: h["episode"].update(slices=float("nan")), "episode.slices", "at least 1"),
        (lambda h: h["episode"].update(risk_aversion=[0.1]), "episode.risk_aversion", "two numbers"),
    ],
)
def test_a_header_that_is_wrong_is_named(edit, place, expected):
    with pytest.raises(FileFormatError) as caught:
        from_bytes(changed(edit), "some/policy.twp")
    assert caught.value.place == place
    assert str(caught.value).startswith("some/policy.twp: ")
    assert expected in str(caught.value)


def test_numbers_and_versions_that_are_wrong_are_named():
    with pytest.raises(FileFormatError, match=r"observation\.mean: found nan as number 1, expected finite numbers"):
        from_bytes(changed(lambda h: None, nan), "f")
    whole = policy().to_bytes()
    with pytest.raises(FileFormatError, match="version: found 2, expected 1"):
        from_bytes(whole[:8] + struct.pack("<I", 2) + whole[12:], "f")
    with pytest.raises(FileFormatError, match="a trained policy"):
        from_bytes(b"something else altogether", "f")
    with pytest.raises(FileFormatError, match="readable"):
        load("nowhere/policy.twp")
    with pytest.raises(ConfigError, match="30 inputs and 20 outputs"):
        policy(random_network(inputs=4))


def test_a_file_is_loaded_and_decides_without_torch(tmp_path):
    save(policy(), tmp_path / "policy.twp")
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "from tickwright.learn.artefact import NetworkPolicy, load\n"
        f"policy = NetworkPolicy.of({str(tmp_path / 'policy.twp')!r})\n"
        "print('decides')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout == "decides\n", done.stderr


def test_a_schema_is_of_what_is_computed():
    """Comments, docstrings, imports and decorators are no part of it; a number and a depth are."""
    source = '"""Doc."""\nimport math\n\n\n@inline\ndef f(x):\n    """Doc."""\n    y = 2 * x  # why\n    return y\n'
    same = "from a import b\ndef f(x):\n    # other\n    y = 2 * x\n\n    return y\n"
    assert code_lines(source) == code_lines(same)
    for old, new in (("2 *", "3 *"), ("    return y", "    return -y")):
        assert code_lines(source) != code_lines(source.replace(old, new))
    nested = "if a:\n    b = 1\nc = 2\n"
    assert code_lines(nested) != code_lines("if a:\n    b = 1\n    c = 2\n")


def test_latency_is_measured():
    told = latency(random_network(), calls=2_000)
    assert 0 < told.p50 <= told.p99
    assert told.calls == 2_000


def test_it_goes_by_its_own_risk_aversion_where_an_episode_has_none():
    """In episodes without one it does what the network does in the same episodes with one; in those with another, too,
    whatever is its own."""
    plain = random_network(4)
    scale = np.full(OBSERVED, 0.05, np.float32)
    scale[26] = 2.0
    network = Network(np.zeros(OBSERVED, np.float32), scale, tuple((w, 0.0 * b) for w, b in plain.layers))
    own, other = 0.02, 0.2

    def batch(risk):
        config = EpisodeConfig(steps=4, messages=20, templates=2, warmup=500, risk_aversion=(risk, risk))
        return ExecutionBatch(config, 64, 3)

    def decided(policy, risk):
        with closing(batch(risk)) as episodes:
            episodes.reset()
            first = policy.decide(episodes)
            return [first, policy.decide(episodes.step(first) and episodes)]

    told = decided(NetworkPolicy(network, risk_aversion=own), 0.0)
    np.testing.assert_array_equal(told, decided(NetworkPolicy(network), own))
    assert (np.array(told) != decided(NetworkPolicy(network), 0.0)).any()
    asked = decided(NetworkPolicy(network, risk_aversion=own), other)
    np.testing.assert_array_equal(asked, decided(NetworkPolicy(network), other))


def test_its_own_is_the_middle_of_what_it_was_trained_with():
    assert policy(episode={"risk_aversion": [0.001, 0.1]}).risk_aversion == pytest.approx(0.01)
    assert policy(episode={"risk_aversion": [0.0, 0.0]}).risk_aversion == policy().risk_aversion == 0.0
    made = policy(episode={"risk_aversion": [0.001, 0.1]})
    assert Trained(made, Learned("f")).rows["risk"][0] == made.risk_aversion
    assert Trained(made, Learned("f", risk_aversion=0.3)).rows["risk"][0] == 0.3
