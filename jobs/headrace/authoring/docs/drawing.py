"""Draw a lineage as an SVG picture or as Mermaid text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headrace.authoring.docs import layout, templates
from headrace.authoring.docs.layout import Box
from headrace.authoring.docs.lineage import Edge, Lineage, Node

HEIGHT = 40.0
PADDING = 12.0
_NAME, _CAPTION = 8.0, 6.2
"""Upper estimates of the mean character width of a box's two texts, in pixels, in the fonts of the template."""


@dataclass(frozen=True)
class Label:
    """The text of a box: its name in bold, and above it its kind and group."""

    caption: str
    name: str

    @property
    def width(self) -> float:
        """The width of the box in pixels."""
        return max(len(self.name) * _NAME, len(self.caption) * _CAPTION) + 2 * PADDING


@dataclass(frozen=True)
class Shape:
    """A box of the picture; `kinds` are its CSS classes; `href` is None if it is not a link."""

    node: Node
    label: Label
    box: Box
    kinds: str
    href: str | None


@dataclass(frozen=True)
class Line:
    """A line of the picture: its SVG path data, and the point of its arrowhead."""

    edge: Edge
    path: str
    end: tuple[float, float]


def svg(lineage: Lineage, marked: Node | None = None, href: Callable[[Node], str | None] | None = None) -> str:
    """Return the lineage as SVG, from left to right, as wide as it needs to be.

    With `href`, which returns the link of a node, the picture is part of a page that includes lineage.css.
    """
    labels = {str(node): label(node) for node in lineage.nodes}
    edges = {(str(edge.start), str(edge.end)): edge for edge in lineage.edges}
    aside = {str(node) for node in lineage.nodes if (into := lineage.into(node)) and all(edge.aside for edge in into)}
    laid = layout.place({name: each.width for name, each in labels.items()}, HEIGHT, edges, aside)

    def shape(node: Node) -> Shape:
        kinds = ("aside" if str(node) in aside else node.kind) + (" marked" if node == marked else "")
        return Shape(node, labels[str(node)], laid.boxes[str(node)], kinds, href(node) if href else None)

    shapes = [shape(node) for node in lineage.nodes]
    lines = [Line(edge, _path(laid.lines[ends]), laid.lines[ends][-1]) for ends, edge in edges.items()]
    return templates.fill("lineage.svg.j2", shapes=shapes, lines=lines, laid=laid, padding=PADDING, alone=href is None)


def mermaid(lineage: Lineage) -> str:
    """Return the lineage as a Mermaid flowchart."""
    ids = {node: f"n{number}" for number, node in enumerate(lineage.nodes)}
    return templates.fill("lineage.mmd.j2", lineage=lineage, ids=ids)


def label(node: Node) -> Label:
    """Return the label of a node: `overheat_v1` under `job · condition`; a topic's name is not split."""
    if node.kind == "topic":
        return Label("topic", node.name)
    group, name = re.split(r"[/.]", node.name, maxsplit=1)
    return Label(f"{node.kind} · {group}", name)


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Return SVG path data: horizontal through the columns that the line passes, a curve between columns."""
    (x, y), *rest = points
    commands = [f"M{x:.0f} {y:.1f}"]
    for number, (to_x, to_y) in enumerate(rest):
        if number % 2:
            commands.append(f"H{to_x:.0f}")
        else:
            middle = (x + to_x) / 2
            commands.append(f"C{middle:.0f} {y:.1f} {middle:.0f} {to_y:.1f} {to_x:.0f} {to_y:.1f}")
        x, y = to_x, to_y
    return " ".join(commands)
