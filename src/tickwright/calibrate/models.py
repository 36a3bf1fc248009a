"""The models that can be calibrated, by name. A new one is a file beside `santa_fe.py` and a line here."""

from __future__ import annotations

import dataclasses

from tickwright.calibrate.fp import FPModel
from tickwright.calibrate.model import Model
from tickwright.calibrate.queue_reactive import QueueReactiveModel
from tickwright.calibrate.queue_tables import SMALL_BOOK
from tickwright.calibrate.santa_fe import SantaFeModel
from tickwright.core.errors import ConfigError

MODELS: dict[str, Model] = {model.name: model for model in (SantaFeModel(), QueueReactiveModel(), FPModel())}


MOST_EVALUATIONS = 10_000


def model_of(name: str, evaluations: int | None = None, *, small_book: bool = False) -> Model:
    """A model by name; `evaluations` is the number of sessions simulated to refine its fit, where it has such a step;
    with `small_book` its book is small enough to train in.
    Raises ConfigError, which lists what is known."""
    if name not in MODELS:
        raise ConfigError("model", name, f"one of {', '.join(sorted(MODELS))}")
    model = MODELS[name]
    if small_book:
        if not isinstance(model, FPModel):
            raise ConfigError("small-book", small_book, f"nothing for {name}: it is of fp alone")
        model = dataclasses.replace(model, most_orders=SMALL_BOOK)
    if evaluations is None:
        return model
    if not isinstance(model, FPModel):
        raise ConfigError("refine", evaluations, f"nothing for {name}: it is fitted in closed form alone")
    if not 0 <= evaluations <= MOST_EVALUATIONS:
        raise ConfigError("refine", evaluations, f"0 to {MOST_EVALUATIONS} sessions")
    return dataclasses.replace(model, evaluations=evaluations)
