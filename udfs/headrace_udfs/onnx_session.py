"""Sessions of ONNX Runtime, an extra of the package, which is imported when a network is first used."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


class UnusableNetworkError(ValueError):
    """An ONNX file does not do what the project declares, or cannot be used here."""


@lru_cache(maxsize=16)
def session(file: bytes) -> Any:
    """Return a session of one thread, whose results are the same each time.

    Raises UnusableNetworkError if ONNX Runtime is not installed or does not take the file.
    """
    try:
        import onnxruntime  # noqa: PLC0415 - an extra, which most projects do not need
    except ImportError:
        raise UnusableNetworkError("ONNX Runtime is not installed; pip install 'headrace[onnx]'") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # what matters is in the error
    try:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own errors have no common base
        version = onnxruntime.__version__
        raise UnusableNetworkError(f"ONNX Runtime {version} cannot load it: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or its type."""
    return (str(error).splitlines() or [type(error).__name__])[0]
