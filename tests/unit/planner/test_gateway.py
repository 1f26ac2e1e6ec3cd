"""A process that ends while Java starts leaves neither Java nor files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

LIMIT_S = 60

STARTS = """
import os, sys, threading
from pathlib import Path
from pyflink import java_gateway
from headrace.planner import gateway
from headrace.project.paths import Project

def slow(environment, arguments):
    null, pipe = subprocess.DEVNULL, subprocess.PIPE
    process = subprocess.Popen(["sleep", "600"], stdin=pipe, stdout=null, stderr=pipe)
    print(process.pid, flush=True)
    launched.set()
    return process

import subprocess
launched = threading.Event()
java_gateway.launch_gateway_server_process = slow
java_gateway._find_flink_home = lambda: None
threading.Thread(target=gateway.start, args=[Project(Path("/a"), Path("/a"))], daemon=True).start()
launched.wait(30)
if sys.argv[1] == "raises":
    raise KeyboardInterrupt
"""


@pytest.mark.parametrize("how", ["ends", "raises"])
def test_a_process_that_ends_while_java_starts_leaves_nothing(tmp_path: Path, how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTS, how],
        env={"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin", "FLINK_HOME": "/a"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    java = int(done.stdout)
    try:
        assert not psutil.pid_exists(java)
        assert not [*tmp_path.iterdir()]
    finally:
        if psutil.pid_exists(java):
            psutil.Process(java).kill()
