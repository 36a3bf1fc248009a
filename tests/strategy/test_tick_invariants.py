"""Properties that every tick policy has, in any situation."""

import random

import numba
import numpy as np
import pytest
from tick_worlds import MIRROR, VARIANTS, mirrored, random_story

from tickwright.core.layout import to_rows
from tickwright.core.records import Intent, IntentKind, Observation
from tickwright.strategy.tick import dispatch
from tickwright.strategy.tick.dispatch import TickCode
from tickwright.strategy.tick.uncompiled import as_python

SEEDS = range(60)
STEPS = 40
KINDS = [(code, options) for code, variants in VARIANTS.items() for options in variants]
NAMES = [f"{code.name}-{i}" for code, variants in VARIANTS.items() for i in range(len(variants))]

in_python = as_python(dispatch.decide)


@numba.njit
def compiled_story(code, params, memory, story, intents):
    for i in range(len(story)):
        intents[i, 0], intents[i, 1], intents[i, 2], intents[i, 3], intents[i, 4] = dispatch.decide(
            code, params, memory, story[i]
        )


def told(code, options, story):
    """Intents of a story as plain Python, and the memory it ends with."""
    memory = [0] * 8
    intents = [Intent(*in_python(int(code), options.pack(), memory, obs)) for obs in story]
    return intents, memory


def test_every_code_has_variants_here_and_parameters_of_eight_floats():
    assert set(VARIANTS) == set(TickCode)
    for _, options in KINDS:
        assert len(options.pack()) == 8
        assert all(type(value) is float for value in options.pack())


@pytest.mark.parametrize(("code", "options"), KINDS, ids=NAMES)
def test_compiled_equals_plain_python(code, options):
    """Invariant: the compiled policy and its Python source give the same intents and the same memory."""
    params = np.array(options.pack())
    for seed in SEEDS:
        story = random_story(random.Random(seed), STEPS)
        expected, memory_in_python = told(code, options, story)
        memory, intents = np.zeros(8, np.int64), np.zeros((STEPS, 5), np.int64)
        compiled_story(int(code), params, memory, to_rows(Observation, story), intents)
        assert [Intent(*row) for row in intents.tolist()] == expected, f"seed {seed}"
        assert memory.tolist() == memory_in_python, f"seed {seed}"
        assert memory[7] == 0, "the last place of memory is the engine's"


@pytest.mark.parametrize(("code", "options"), KINDS, ids=NAMES)
def test_mirror_symmetry(code, options):
    """Invariant: flip the side and reflect the prices, and the intents are the same with reflected prices."""
    for seed in SEEDS:
        story = random_story(random.Random(seed), STEPS)
        here, _ = told(code, options, story)
        there, _ = told(code, options, [mirrored(obs) for obs in story])
        for step, (a, b) in enumerate(zip(here, there, strict=True)):
            priced = a.kind in (IntentKind.REST, IntentKind.TAKE)
            reflected = MIRROR - a.price if priced else a.price
            same = (a.kind, reflected, a.size, a.post_only, a.wake) == (b.kind, b.price, b.size, b.post_only, b.wake)
            assert same, f"seed {seed}, step {step}: {a} and {b}"


@pytest.mark.parametrize(("code", "options"), KINDS, ids=NAMES)
def test_no_intent_breaks_the_mandate(code, options):
    """Invariant: never more than remains, never worse than the limit, never a post-only price that crosses, never a
    price without a quote, never an order outside the mandate's time, and a wake ahead of now while lots remain."""
    asked = 0
    for seed in SEEDS:
        story = random_story(random.Random(seed), STEPS)
        intents, _ = told(code, options, story)
        for step, (obs, intent) in enumerate(zip(story, intents, strict=True)):
            place = f"seed {seed}, step {step}: {obs} → {intent}"
            if obs.remaining > 0:
                assert intent.wake > obs.now, place
            if obs.pending:
                assert intent.kind == IntentKind.KEEP, place
            if intent.kind not in (IntentKind.REST, IntentKind.TAKE):
                continue
            asked += 1
            assert obs.quoted == 1, place
            assert obs.start <= obs.now < obs.deadline, place
            assert 0 < intent.size <= obs.remaining, place
            assert obs.limited == 0 or obs.side * (intent.price - obs.limit) <= 0, place
            opposite = obs.ask if obs.side > 0 else obs.bid
            if intent.post_only:
                assert intent.kind == IntentKind.REST, place
                assert obs.side * (opposite - intent.price) > 0, place
            if intent.kind == IntentKind.TAKE:
                assert obs.side * (intent.price - opposite) >= 0, place
    assert asked > 100, "the stories must lead to orders"


@pytest.mark.parametrize(("code", "options"), KINDS, ids=NAMES)
def test_a_child_never_stands_for_more_than_remains(code, options):
    """Invariant: with no answer outstanding a child larger than what remains is cut or pulled at once."""
    for seed in SEEDS:
        story = random_story(random.Random(seed), STEPS)
        intents, _ = told(code, options, story)
        for obs, intent in zip(story, intents, strict=True):
            if obs.live and not obs.pending and obs.live_size > obs.remaining and obs.now >= obs.start:
                kept = intent.kind == IntentKind.KEEP
                assert not kept or code == TickCode.TAKE, f"seed {seed}: {obs} → {intent}"


def test_an_unknown_code_places_nothing():
    obs = random_story(random.Random(1), 1)[0]
    assert in_python(99, (0.0,) * 8, [0] * 8, obs)[0] in (IntentKind.KEEP, IntentKind.PULL)
