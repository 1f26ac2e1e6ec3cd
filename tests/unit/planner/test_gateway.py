"""Java writes no warnings to a command's output, and a process that ends while it starts leaves nothing of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from pyflink import java_gateway

from headrace.errors import PlatformError
from headrace.planner import gateway
from headrace.project.paths import Project

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


def test_a_warning_of_java_is_not_in_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs: list[subprocess.CompletedProcess[str]] = []

    def start() -> None:
        java = ["java", *os.environ["JVM_ARGS"].split(), "-version"]
        outputs.append(subprocess.run(java, capture_output=True, text=True, timeout=LIMIT_S, check=False))
        raise RuntimeError("far enough")

    monkeypatch.setenv("FLINK_HOME", str(tmp_path))
    monkeypatch.setenv("JVM_ARGS", "-XX:+PrintGC")
    monkeypatch.setattr(java_gateway, "get_gateway", start)
    with pytest.raises(PlatformError, match="far enough"):
        gateway.start(Project(tmp_path, tmp_path))
    assert "PrintGC is deprecated" in outputs[0].stderr
    assert "PrintGC is deprecated" not in outputs[0].stdout
    assert "[gc]" in outputs[0].stdout, "what the user has asked for"


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
