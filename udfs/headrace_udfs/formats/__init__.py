"""Formats of a payload. A new one is a module here and a line in FORMATS; the checks after it are the same for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from headrace_udfs.formats.base import Format
from headrace_udfs.formats.json import JsonFormat

if TYPE_CHECKING:
    from headrace_udfs.contract import Contract

FORMATS: dict[str, Callable[[Contract], Format]] = {"json": JsonFormat}
