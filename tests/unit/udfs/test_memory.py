"""A worker keeps the memory that its next batch needs again."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

BATCHES = """
import resource, sys
from headrace_udfs import memory

def batch():
    texts = [b"x" * 18_000_000 for _ in range(3)]

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

if "keep" in sys.argv:
    memory.keep_freed()
batch()
before = faults()
for _ in range(3):
    batch()
print(faults() - before)
"""


def page_faults(*arguments: str) -> int:
    """Return how often three batches after the first one wait for a page of memory, in a process of their own."""
    command = [sys.executable, "-c", BATCHES, *arguments]
    return int(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such setting")
def test_a_batch_gets_the_memory_of_the_last_one() -> None:
    assert page_faults("keep") * 4 < page_faults()
