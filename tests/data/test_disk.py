"""Files on a disk: each whole or as it was, several of one kind together; what the disk refuses is said."""

import os
from pathlib import Path

import pytest

from tickwright.core.errors import StorageError
from tickwright.data.store.disk import whole_file, whole_files


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_file_takes_its_place_only_when_it_is_on_the_disk(tmp_path, monkeypatch):
    """The order that a power cut asks for: content synced, renamed, name synced; until then the old file stands."""
    target, steps = tmp_path / "deep" / "er" / "x.csv", []
    fsync, replace = os.fsync, os.replace

    def noted_sync(handle):
        steps.append(os.readlink(f"/proc/self/fd/{handle}"))
        fsync(handle)

    def noted_replace(fresh, final):
        steps.append(("replace", Path(final).name))
        replace(fresh, final)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(os, "replace", noted_replace)
    for text in ("one", "two"):
        steps.clear()
        with whole_file(target) as draft:
            draft.write_text(text)
            assert target.exists() == (text == "two")
            assert draft.parent == target.parent
        assert steps == [str(draft), ("replace", "x.csv"), str(target.parent)]
        assert target.read_text() == text
    assert names(target.parent) == ["x.csv"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_breaks_off_leaves_the_old_file_and_nothing_else(tmp_path, error):
    (tmp_path / "x").write_text("old")
    with pytest.raises(error), whole_file(tmp_path / "x") as draft:
        write(draft, error)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"x": "old"}


@pytest.mark.parametrize(("step", "after"), [("fsync", 0), ("replace", 0)])
def test_a_disk_that_refuses_is_an_error_that_names_the_file(tmp_path, monkeypatch, step, after):
    (tmp_path / "x").write_text("old")
    monkeypatch.setattr(os, step, refusing(getattr(os, step), after))
    told = rf"{tmp_path}/x: the disk is full or a size limit was reached; the table stands"
    with pytest.raises(StorageError, match=told), whole_file(tmp_path / "x", "the table stands") as draft:
        draft.write_text("new")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"x": "old"}


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path):
    (tmp_path / "x").write_text("old")
    with pytest.raises(StorageError, match="nothing was written"), whole_file(tmp_path / "x" / "y"):
        pytest.fail("there is no such folder")


@pytest.mark.parametrize(
    ("step", "after", "told", "new"),
    [
        ("fsync", 1, "nothing was written", ""),
        ("replace", 0, "nothing was written", ""),
        ("replace", 2, "a, b were written, c was not", "ab"),
        ("fsync", 3, "a, b, c were written", "abc"),
    ],
)
def test_files_of_one_kind_are_all_on_the_disk_before_the_first_is_renamed(
    tmp_path, monkeypatch, step, after, told, new
):
    """Whatever step fails, each file is the old one or the new one, and the error says which."""
    for name in "abc":
        (tmp_path / name).write_text("old")
    monkeypatch.setattr(os, step, refusing(getattr(os, step), after))
    with (
        pytest.raises(StorageError, match=rf"{tmp_path}: the disk is full .*; {told}$"),
        whole_files([tmp_path / name for name in "abc"]) as drafts,
    ):
        write(*drafts)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {n: "new" if n in new else "old" for n in "abc"}


def write(*drafts):
    for draft in drafts:
        if isinstance(draft, type):
            raise draft
        draft.write_text("new")


def refusing(real, after):
    """A function of `os` that fails as a full disk does from its call number `after` on."""
    calls = []

    def call(*args):
        calls.append(args)
        if len(calls) > after:
            raise OSError(28, "No space left on device")
        return real(*args)

    return call
