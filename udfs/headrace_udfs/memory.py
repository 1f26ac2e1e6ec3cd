"""The memory of a worker, which needs as much for each batch as for the last one."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_PIECE, _FREE = 2**25, 2**26


def keep_freed() -> None:
    """Let glibc keep up to 64 MiB that are free, also those of values of up to 32 MiB; nothing with other C libraries.

    Otherwise it returns much of a batch's memory to the system, which clears every page again for the next batch: 7 %
    of a worker's CPU. What a worker has at its peak stays the same.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(_MMAP_THRESHOLD, _PIECE)
        mallopt(_TRIM_THRESHOLD, _FREE)
