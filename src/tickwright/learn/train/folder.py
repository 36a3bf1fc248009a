"""The folder of a training: one at a time, what is finished stays, what was broken off is gone on with or begun anew.

While a training is at work `unfinished.json` stands in its folder with the fingerprint of its configuration; it goes
when all is written. A folder where it stands without a checkpoint holds nothing that the same command would not make
again, and that command begins anew.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tickwright.core.errors import ConfigError, TrainingError, UsageError
from tickwright.data.store.disk import storage, whole_file
from tickwright.learn.train import checkpoint as checkpoints

LEFT = ("policy.twp", "model.zip", "table.npz")
"""What has been learned, in a folder: of every algorithm one or two of these."""
MARK = "unfinished.json"
ANEW = "an earlier run of this was broken off before its first checkpoint, so it begins anew"


def is_broken_off(folder: Path, configuration: str) -> bool:
    """Whether a training of that configuration (its fingerprint) was ended in the folder before its first checkpoint.

    Raises ConfigError where one of another configuration was, and left something.
    """
    if not (folder / MARK).exists() or checkpoints.stored(folder):
        return False
    found = _marked(folder)
    left = next((name for name in LEFT if (folder / name).exists()), None)
    if found != configuration and left is not None:
        raise ConfigError(
            "--out", str(folder),
            f"another folder, or the configuration that the unfinished training in it was begun with; {left} of "
            f"configuration {found} would be written over by {configuration}",
        )  # fmt: skip
    return True


def refuse_finished(folder: Path) -> None:
    """Raise ConfigError for a folder with something in it that a training has come to."""
    if checkpoints.stored(folder):
        raise ConfigError("--out", str(folder), "a folder without a training in it, or --resume")
    kept = next((name for name in LEFT if (folder / name).exists()), None)
    if kept is not None:
        raise ConfigError("--out", str(folder), f"a folder without a training in it, for {kept} would be written over")


@contextmanager
def at_work(folder: Path, configuration: str) -> Iterator[bool]:
    """Alone in the folder; marked as unfinished until all is done, or until it ends by an error of its own, which
    leaves what was good; a wrong request leaves the mark as it was. Gives whether it begins anew: then what was broken
    off is cleared.

    Raises ConfigError where another training is at work in it, or left something of another configuration, and
    StorageError.
    """
    with storage(folder, "nothing was written"):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError("--out", str(folder), "a folder in which no other training is at work") from error
        anew = is_broken_off(folder, configuration)  # asked with the lock held: nobody finishes in between
        before = _marked(folder)
        _mark(folder, configuration)
        with storage(folder, "what was broken off stands in part"):
            _sweep(folder, LEFT if anew else ())
        try:
            yield anew
        except UsageError:
            _mark(folder, before)
            raise
        except TrainingError:
            _mark(folder, None)
            raise
        _mark(folder, None)
    finally:
        os.close(handle)


def _mark(folder: Path, configuration: str | None) -> None:
    if configuration is None:
        (folder / MARK).unlink(missing_ok=True)
        return
    with whole_file(folder / MARK) as draft:
        draft.write_text(json.dumps({"configuration": configuration}) + "\n", "utf-8")


def _marked(folder: Path) -> str | None:
    try:
        told = json.loads((folder / MARK).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return str(told.get("configuration")) if isinstance(told, dict) else None


def _sweep(folder: Path, names: tuple[str, ...]) -> None:
    """Remove files by name, and the drafts that a killed writer left."""
    drafts = [*folder.glob(".*.part"), *(folder / checkpoints.FOLDER).glob(".*.part")]
    for path in (*(folder / name for name in names), *drafts):
        path.unlink(missing_ok=True)
