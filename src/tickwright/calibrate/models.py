"""The models that can be calibrated, by name. A new one is a file beside `santa_fe.py` and a line here."""

from __future__ import annotations

from tickwright.calibrate.model import Model
from tickwright.calibrate.santa_fe import SantaFeModel
from tickwright.core.errors import ConfigError

MODELS: dict[str, Model] = {model.name: model for model in (SantaFeModel(),)}


def model_of(name: str) -> Model:
    """A model by name. Raises ConfigError, which lists them."""
    if name not in MODELS:
        raise ConfigError("model", name, f"one of {', '.join(sorted(MODELS))}")
    return MODELS[name]
