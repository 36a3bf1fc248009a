"""Whom a roster names: a policy is known by its file, whatever it would be written as today."""

import hashlib
import json
import struct

import pytest

from tickwright.core.errors import FileFormatError
from tickwright.run.roster import Artefact
from tickwright.strategy.learned.container import SHIPPED, load

HEAD = struct.Struct("<8sIIQ")


def respelled(content):
    """The same policy with another spelling of its header: keys in another order, and spaces."""
    magic, version, length, total = HEAD.unpack_from(content)
    header = json.loads(content[HEAD.size : HEAD.size + length])
    text = json.dumps(dict(reversed(header.items())), indent=1).encode()
    numbers = content[HEAD.size + length : -32]
    body = HEAD.pack(magic, version, len(text), total - length + len(text)) + text + numbers
    return body + hashlib.sha256(body).digest()


def test_an_artefact_is_named_by_the_bytes_of_its_file(tmp_path):
    # Invariant: the name is SHA-256 of what `sha256sum` would read, also where `to_bytes` would write it otherwise.
    file = tmp_path / "other.twp"
    file.write_bytes(respelled((SHIPPED / "demo.twp").read_bytes()))
    assert load(file).fingerprint == load("demo").fingerprint
    assert Artefact.of(file).hash == hashlib.sha256(file.read_bytes()).hexdigest()
    assert Artefact.of("demo").hash == hashlib.sha256((SHIPPED / "demo.twp").read_bytes()).hexdigest()
    with pytest.raises(FileFormatError, match="none"):
        Artefact.of(tmp_path / "none.twp")
