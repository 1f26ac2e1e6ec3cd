"""Report phrases that docs/site/prose.yaml advises against, in every tracked text file: `python docs/site/prose.py`."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
RULES = Path(__file__).with_name("prose.yaml")
_ENDINGS = {".md", ".py", ".yaml", ".yml", ".toml", ".j2", ".sql", ".js", ".html", ".sh", ".properties", ".txt", ""}
_PASSED_BY = ("LICENSE", "docs/site/prose.yaml", "docs/decisions/", "tests/support/part13/", "tests/bench/results/")


def findings() -> Iterator[str]:
    """One line per phrase: where it is, what it says, what to write."""
    rules = [
        (
            re.compile(rule["pattern"], re.IGNORECASE),
            rule["write"],
            re.compile(rule["unless"]) if "unless" in rule else None,
        )
        for rule in yaml.safe_load(RULES.read_text(encoding="utf-8"))
    ]
    for name in subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines():
        path = ROOT / name
        if path.suffix not in _ENDINGS or name.startswith(_PASSED_BY) or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for pattern, instead, unless in rules:
                if (match := pattern.search(line)) and not (unless and unless.search(line)):
                    yield f"{name}:{number}:{match.start() + 1}: '{match[0]}': write {instead}"


if __name__ == "__main__":
    found = list(findings())
    print("\n".join(found))  # noqa: T201 - a linter's report
    sys.exit(1 if found else 0)
