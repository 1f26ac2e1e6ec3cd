"""The Java command of each of Flink's two processes.

Flink's scripts start Java twice to read the settings, each time that they start a process. Here Java is asked once,
when the platform comes up: a TaskManager that supervisord starts again after a kill waits for nothing.
"""

from __future__ import annotations

import os
import shlex
import subprocess

import yaml

from headrace.environment import java_classes
from headrace.environment.java_errors import root_cause
from headrace.errors import PlatformError
from headrace.local.layout import Layout, java

_LIMIT_S = 60
_MARK = "BASH_JAVA_UTILS_EXEC_RESULT:"
_QUESTIONS = {"jobmanager": "GET_JM_RESOURCE_PARAMS", "taskmanager": "GET_TM_RESOURCE_PARAMS"}
_MAIN = {
    "jobmanager": "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
    "taskmanager": "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
}


def command(layout: Layout, service: str, metrics_port: int) -> list[str]:
    """Return the command that starts the service, `jobmanager` or `taskmanager`, in the foreground.

    Raises PlatformError with what Java said, if Flink finds a fault in the settings.
    """
    memory, computed = _resources(layout, service)
    log4j = layout.flink_conf / "log4j-console.properties"
    return [
        java(),
        *shlex.split(memory),
        *_options(layout, service),
        *java_classes.options(layout.flink_home),
        f"-Dlog4j.configurationFile={log4j.as_uri()}",
        f"-Dlog.file={layout.log(service)}",  # what Flink's web page shows
        "-cp",
        java_classes.class_path(layout.flink_home),
        _MAIN[service],
        "--configDir",
        str(layout.flink_conf),
        *shlex.split(computed),
        # Both processes read the same config.yaml, but each needs a port of its own.
        "-D",
        f"metrics.reporter.prom.port={metrics_port}",
    ]


def _resources(layout: Layout, service: str) -> tuple[str, str]:
    """Return Java's options for the memory of the process, and the settings that Flink computes with them."""
    utilities = [str(layout.flink_home / "bin" / "bash-java-utils.jar"), java_classes.class_path(layout.flink_home)]
    question = ["org.apache.flink.runtime.util.bash.BashJavaUtils", _QUESTIONS[service]]
    try:
        done = subprocess.run(
            [java(), "-cp", os.pathsep.join(utilities), *question, "--configDir", str(layout.flink_conf)],
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PlatformError(f"Flink did not read its settings within {_LIMIT_S} s", str(layout.flink_conf)) from None
    answers = [line.removeprefix(_MARK) for line in done.stdout.splitlines() if line.startswith(_MARK)]
    if done.returncode or len(answers) != 2:
        cause = root_cause(done.stderr) or (done.stdout + done.stderr).strip()
        raise PlatformError(f"Flink does not accept its settings: {cause}", str(layout.flink_conf / "config.yaml"))
    return answers[0], answers[1]


def _options(layout: Layout, service: str) -> list[str]:
    settings = yaml.safe_load((layout.flink_conf / "config.yaml").read_text(encoding="utf-8"))
    keys = ("env.java.default-opts.all", "env.java.opts.all", f"env.java.opts.{service}")
    return [option for key in keys for option in shlex.split(settings.get(key, ""))]
