"""`${env:NAME}` and `${file:PATH}`: a secret is named where it is used, and read only where it is needed."""

from __future__ import annotations

import os
import re
from pathlib import Path

_REFERENCE = re.compile(r"\$\{(env|file):([^}]+)\}")


class MissingReference(LookupError):
    """A reference names a variable or a file that is not there."""


def resolve(text: str) -> str:
    """`text` with each reference replaced by what it names; a file's trailing white space is left off.

    Raises MissingReference; its message names the reference, never a value.
    """
    return _REFERENCE.sub(_value, text)


def _value(match: re.Match[str]) -> str:
    kind, name = match.groups()
    if kind == "env":
        if name not in os.environ:
            raise MissingReference(f"{match[0]}: no such environment variable")
        return os.environ[name]
    try:
        return Path(name).read_text(encoding="utf-8").rstrip()
    except OSError as error:
        raise MissingReference(f"{match[0]}: {error.strerror}") from None
