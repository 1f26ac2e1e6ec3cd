"""Draw a lineage as a tree for terminals."""

from __future__ import annotations

from rich.markup import escape
from rich.tree import Tree

from headrace.authoring.docs.lineage import Edge, Lineage, Node

_STYLES = {"topic": "magenta", "job": "bold yellow", "table": "cyan"}


def tree(lineage: Lineage) -> Tree:
    """Return a tree with each node below its inputs; if it has several, its own branches are below the first only."""
    root = Tree("", hide_root=True, guide_style="dim")
    shown: set[Node] = set()

    def grow(branch: Tree, node: Node, edge: Edge | None = None) -> None:
        again = node in shown and bool(lineage.out_of(node))
        twig = branch.add(_label(node, edge) + (" [dim]\\[above][/]" if again else ""))
        if node not in shown:
            shown.add(node)
            for after in lineage.out_of(node):
                grow(twig, after.end, after)

    roots = [node for node in lineage.nodes if not lineage.into(node)]
    for node in sorted(roots, key=lambda each: each.kind != "topic"):
        grow(root, node)
    for node in lineage.nodes:
        if node not in shown:
            grow(root, node)
    return root


def _label(node: Node, edge: Edge | None) -> str:
    how = f" [dim]{edge.how}[/]" if edge and edge.how not in ("read", "append") else ""
    return f"[dim]{node.kind}[/] [{_STYLES[node.kind]}]{escape(node.name)}[/]{how}"
