"""Run jobs of the gallery on their data, and judge them: `just gallery`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gallery import kit, report
from gallery.run import run
from headrace.errors import HeadraceError
from headrace.project.paths import Project
from support import ROOT

RESULTS = Path(__file__).parent / "results"
PAGE = ROOT / "docs" / "gallery.md"
PICTURES = ROOT / "docs" / "images"

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def main(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Jobs of the gallery, or all.")] = None,
) -> None:
    """Run jobs of the gallery, each on a platform of its own, and judge them; without a name, list them.

    Exits with 1 if a verdict does not hold.
    """
    out, log = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)
    known = kit.names()
    if not names:
        for name in known:
            out.print(f"{name}  [dim]{kit.entry(name).job}[/]")
        return
    if unknown := set(names) - {"all", *known}:
        log.print(f"no job of the gallery is called {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
        raise typer.Exit(2)
    failed = [name for name in (known if "all" in names else names) if not _holds(name, out, log)]
    if failed:
        log.print(f"[bold red]not as it should be:[/] {', '.join(failed)}")
        raise typer.Exit(1)


def _holds(name: str, out: Console, log: Console) -> bool:
    """Run the job, print its result, and write it to its page and to that of the gallery; return whether it holds."""
    PICTURES.mkdir(exist_ok=True)
    try:
        result = run(Project.find(Path(__file__)), kit.entry(name), log.print, PICTURES / f"gallery-{name}.svg")
    except (HeadraceError, RuntimeError) as error:
        log.print(f"{name}: {error}", markup=False)
        return False
    report.show(result, out)
    (RESULTS / f"{name}.md").write_text(report.page(result), encoding="utf-8")
    PAGE.write_text(report.cited(PAGE.read_text(encoding="utf-8"), result), encoding="utf-8")
    return result.holds


if __name__ == "__main__":
    app()
