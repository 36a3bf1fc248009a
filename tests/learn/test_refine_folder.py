"""What stands in the folder of a refinement: nothing of an earlier run beside what is new, and no half of a result."""

import os

import numpy as np
import pytest
from test_artefact import random_network

from tickwright.core.errors import StorageError
from tickwright.learn.artefact import save
from tickwright.learn.refine import flow
from tickwright.learn.refine.config import RefineConfig
from tickwright.learn.refine.fills import Evidence
from tickwright.learn.refine.recalibrate import Recalibration
from tickwright.strategy.learned.container import TrainedPolicy
from tickwright.venue.sim.reactive.parameters import FP

OLD = {"manifest.json": "old", "verdict.txt": "old", "verdict.json": "old"}


@pytest.fixture
def refine(tmp_path, monkeypatch):
    """`flow.refine` in a folder with the results of an earlier run, its parts played by stubs."""
    champion, challenger = (
        TrainedPolicy(random_network(n), ("m",), 2.0, 60.0, manifest={"versions": {}}) for n in (1, 2)
    )
    save(champion, tmp_path / "given.twp")
    folder = tmp_path / "refined"
    folder.mkdir()
    for name, text in OLD.items():
        (folder / name).write_text(text)

    def trained(*arguments):
        save(challenger, folder / "challenger.twp")
        return {"divergence": 0.0}

    stubs = {
        "require_torch": lambda: None,
        "evidence_of": lambda *a: Evidence((), np.zeros((0, 4)), 0),
        "_recalibrated": lambda *a: Recalibration(FP(), (), {}, (1.0, 1.0), ()),
        "_trained": trained,
        "episode_of": lambda *a: None,
        "judge": lambda *a: {"scenarios": [], "replay": [], "gate": None},
        "criteria": lambda *a: [],
        "outcome": lambda *a: "kept",
        "not_shown": lambda *a: [],
        "text_of": lambda *a: "words\n",
    }
    for name, stub in stubs.items():
        monkeypatch.setattr(flow, name, stub)
    return folder, lambda: flow.refine((tmp_path,), tmp_path / "given.twp", RefineConfig(), folder)


def results(folder):
    return {name: (folder / name).read_text() for name in OLD if (folder / name).exists()}


@pytest.mark.parametrize("part", ["_recalibrated", "_trained", "judge"])
def test_an_old_verdict_goes_before_anything_new_is_made(refine, monkeypatch, part):
    """Interrupted in any part, a folder with a new champion or challenger has no verdict of another one."""
    folder, run = refine

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(flow, part, interrupted)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert results(folder) == {}
    assert (folder / "champion.twp").exists()


def test_what_is_refused_beforehand_leaves_the_old_verdict(refine, monkeypatch):
    """Nothing is new yet, so what stands there is still true."""
    from tickwright.core.errors import ConfigError

    folder, run = refine

    def refused(*arguments):
        raise ConfigError("RUN", "none", "one")

    monkeypatch.setattr(flow, "evidence_of", refused)
    with pytest.raises(ConfigError):
        run()
    assert results(folder) == OLD


@pytest.mark.parametrize(
    ("fails_at", "left", "told"),
    [
        ("manifest.json", set(), "nothing was written"),
        ("verdict.txt", {"manifest.json"}, "manifest.json was written, verdict.txt, verdict.json were not"),
        ("verdict.json", {"manifest.json", "verdict.txt"}, "verdict.json was not"),
    ],
)
def test_results_come_together_and_the_verdict_last(refine, monkeypatch, fails_at, left, told):
    """Whichever file the disk refuses, who finds a verdict.json finds its manifest and its words."""
    folder, run = refine
    replace = os.replace

    def refusing(fresh, target):
        if os.path.basename(target) == fails_at:
            raise OSError(28, "No space left on device")
        replace(fresh, target)

    monkeypatch.setattr(os, "replace", refusing)
    with pytest.raises(StorageError, match=told):
        run()
    assert set(results(folder)) == left
    assert not [path for path in folder.iterdir() if path.name.endswith(".part")]
    monkeypatch.setattr(os, "replace", replace)
    made = run()
    assert set(results(folder)) == set(OLD)
    assert made.verdict["verdict"] == "kept"
