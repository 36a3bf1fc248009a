"""What an observation and an action mean, as hashes: a policy is only good for the code that it was trained with.

A hash is over the code of the modules that make them, without comments, docstrings, imports and decorators. A change
of what they compute changes it; so may a mere rewriting, which costs a training and never a wrong order.
"""

from __future__ import annotations

import hashlib
import io
import tokenize
from functools import cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_SKIPPED = (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER)


@cache
def observation_schema() -> str:
    """Sixteen hex digits of what the numbers of an observation are."""
    return code_hash("layout.py", "observation.py")


@cache
def action_schema() -> str:
    """Sixteen hex digits of what the actions are, and when they are legal."""
    return code_hash("layout.py", "actions.py")


@cache
def places_schema() -> str:
    """Sixteen hex digits of what is seen and done at several venues and in a pool."""
    return code_hash("venues.py")


def code_hash(*files: str) -> str:
    """Sixteen hex digits of the code of files of this folder."""
    digest = hashlib.blake2b(digest_size=8)
    for file in files:
        for line in code_lines((_HERE / file).read_text("utf-8")):
            digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def code_lines(source: str) -> list[str]:
    """The logical lines that compute something, their tokens apart by spaces, each with its depth."""
    lines: list[str] = []
    depth, tokens = 0, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        depth += (token.type == tokenize.INDENT) - (token.type == tokenize.DEDENT)
        if token.type == tokenize.NEWLINE:
            first = tokens[0] if tokens else ""
            if first not in ("@", "import", "from") and not (len(tokens) == 1 and first[-1:] in "\"'"):
                lines.append(f"{depth} {' '.join(tokens)}")
            tokens = []
        elif token.type not in _SKIPPED:
            tokens.append(token.string)
    return lines
