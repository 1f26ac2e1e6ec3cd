"""Which tags a model scores, and what each of them is compared with, by the model's file and the list of tags."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from headrace.errors import UserError
from headrace.project import pattern
from headrace.project.model_kinds import BaselineFile, ModelFile
from headrace_udfs.scoring.tags import Tag


def names(model: ModelFile, known: Sequence[str]) -> list[str]:
    """Return the tags of `known` that the model scores, in their order.

    Raises UserError for a pattern without a tag, and if no tag is left.
    """
    chosen: dict[str, None] = {}
    for asked in model.tags:
        found = pattern.select(known, asked)
        if not found:
            raise UserError(
                f"no tag matches '{asked}', which the model scores", fix="headrace tags list shows all tags"
            )
        chosen |= dict.fromkeys(found)
    left_out = {name for asked in model.exclude for name in pattern.select(known, asked)}
    kept = [name for name in known if name in chosen and name not in left_out]
    if not kept:
        raise UserError("the model excludes every tag that it scores", fix="write fewer patterns under exclude:")
    return kept


def tags(model: ModelFile, names: Sequence[str], asset_of: Mapping[str, str | None]) -> list[Tag]:
    """Return each tag with its inputs: the other tags of its asset, and the same signal at the other assets.

    Those of a baseline have none. asset_of: the asset of each tag. A tag without one belongs to what its name has
    before the last dot.
    """
    angles = _matching(model.angles, names)
    if isinstance(model, BaselineFile):
        return [Tag(name, name in angles) for name in names]
    asset, with_peers = assets(names, asset_of), _matching(model.peers, names)
    of_asset, of_signal = defaultdict(list), defaultdict(list)
    for name in names:
        of_asset[asset[name]].append(name)
        of_signal[signal(name)].append(name)
    return [
        Tag(
            name,
            name in angles,
            tuple(other for other in of_asset[asset[name]] if other != name),
            tuple(other for other in of_signal[signal(name)] if asset[other] != asset[name])
            if name in with_peers
            else (),
        )
        for name in names
    ]


def _matching(patterns: Sequence[str], names: Sequence[str]) -> set[str]:
    return {name for asked in patterns for name in pattern.select(names, asked)}


def assets(names: Sequence[str], asset_of: Mapping[str, str | None]) -> dict[str, str]:
    """Return the asset of each tag: the listed one, or else what its name has before the last dot."""
    return {name: asset_of.get(name) or name.rpartition(".")[0] for name in names}


def signal(name: str) -> str:
    """Return what a tag measures at its asset: its name after the last dot, or the whole name without one."""
    return name.rpartition(".")[2]
