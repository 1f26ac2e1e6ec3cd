"""Draw which room imports which into docs/pictures/rooms.svg: `just rooms`.

The numbers are counted in the import graph that import-linter checks, so the picture cannot disagree with the code.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import grimp
import matplotlib as mpl
from matplotlib.figure import Figure

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "pictures" / "rooms.svg"
_INK, _FILL, _BAR = "#12343a", "#8fc1c9", "#24545c"


def rooms() -> list[str]:
    """The rooms from top to bottom, as pyproject.toml orders them."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(each for each in config["tool"]["importlinter"]["contracts"] if each["type"] == "layers")
    return [room.strip() for layer in contract["layers"] for room in layer.split("|")]


def counts() -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """How many modules a room has, and how many of them import another room."""
    graph = grimp.build_graph("headrace", cache_dir=None)
    sizes: Counter[str] = Counter()
    imports: Counter[tuple[str, str]] = Counter()
    for module in graph.modules:
        if "." in module:
            own = module.split(".")[1]
            imported = {name.split(".")[1] for name in graph.find_modules_directly_imported_by(module) if "." in name}
            sizes[own] += 1
            imports.update((own, room) for room in imported - {own})
    return sizes, imports


def draw() -> None:
    """Write the picture: a row per importing room, a column per imported one. Below the diagonal nothing may stand."""
    mpl.rcParams["svg.hashsalt"] = "rooms"
    order, (sizes, imports) = rooms(), counts()
    most = max(imports.values())
    figure = Figure(figsize=(8.4, 5.4), layout="tight")
    axes = figure.subplots()
    for row, importer in enumerate(order):
        for column, imported in enumerate(order):
            if count := imports[importer, imported]:
                shade = 0.15 + 0.75 * count / most
                axes.add_patch(
                    mpl.patches.Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=_FILL, alpha=shade, linewidth=0)
                )
                axes.text(column, row, str(count), ha="center", va="center", fontsize=9, color=_INK)
        axes.add_patch(mpl.patches.Rectangle((row - 0.5, row - 0.5), 1, 1, facecolor=_BAR, linewidth=0))
        axes.text(row, row, str(sizes[importer]), ha="center", va="center", fontsize=9, color="white", weight="bold")
    axes.set_xlim(-0.5, len(order) - 0.5)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xticks(range(len(order)), order, rotation=35, ha="left", fontsize=9)
    axes.set_yticks(range(len(order)), order, fontsize=10)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.set_xlabel(
        "modules of the row's room that import the column's room; on the diagonal, all its modules", fontsize=9
    )
    axes.set_aspect("equal")
    for side in axes.spines.values():
        side.set_color(_BAR)
    figure.savefig(PICTURE, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    draw()
