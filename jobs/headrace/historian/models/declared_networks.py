"""Where the networks of a model.yaml are used: at each asset, which tags are their inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headrace.errors import Place, UserError
from headrace.historian.models import declared
from headrace.project.model_kinds import NetworkFile, OnnxFile
from headrace_udfs.onnx_session import UnusableNetworkError
from headrace_udfs.scoring.fit_networks import HOUR, PEERS, Declared, Use
from headrace_udfs.scoring.networks import check
from headrace_udfs.scoring.tags import Tag


@dataclass(frozen=True)
class Networks:
    """The networks with their assets, and the tags that they cannot be used for, with the reason."""

    each: list[Declared]
    refused: dict[str, str]


def networks(model: OnnxFile, folder: Path, tags: Sequence[Tag], asset_of: Mapping[str, str | None]) -> Networks:
    """Return the networks of a model whose ONNX files are in `folder`. asset_of: as for `declared.tags`.

    Raises UserError for a file that cannot be used, and for a network that has no output at any asset.
    """
    asset = declared.assets([tag.name for tag in tags], asset_of)
    by_asset: dict[str, dict[str, Tag]] = {}
    for tag in tags:
        by_asset.setdefault(asset[tag.name], {})[declared.signal(tag.name)] = tag
    made: list[Declared] = []
    refused: dict[str, str] = {}
    for network in model.networks:
        file, uses = _read(folder / network.file, network), []
        for signals in by_asset.values():
            outputs = tuple(signals[name].name if name in signals else None for name in network.outputs)
            lacks = [each for each in network.inputs if not _there(each, signals)]
            if lacks:
                why = f"its asset has no '{lacks[0]}', which {network.file} reads"
                refused |= {name: why for name in outputs if name}
            elif any(outputs):
                uses.append(Use(tuple(_source(each, signals) for each in network.inputs), outputs))
        if not uses:
            raise UserError(
                f"no asset has the inputs ({', '.join(network.inputs)}) and an output ({', '.join(network.outputs)}) "
                f"of {network.file}",
                Place.of(folder / "model.yaml"),
                "name signals as tags have them after the last dot; a signal of `peers:<signal>` is also under peers:",
            )
        made.append(Declared(file, tuple(uses)))
    return Networks(made, refused)


def _read(path: Path, network: NetworkFile) -> bytes:
    """Return the checked ONNX file. Raises UserError."""
    try:
        file = path.read_bytes()
    except OSError as error:
        raise UserError(f"the network cannot be read: {error.strerror}", Place.of(path)) from None
    try:
        check(file, len(network.inputs), len(network.outputs))
    except UnusableNetworkError as error:
        declares = f"model.yaml has the inputs {', '.join(network.inputs)} and the outputs {', '.join(network.outputs)}"
        raise UserError(f"the network cannot be used: {error}", Place.of(path), declares) from None
    return file


def _there(name: str, signals: Mapping[str, Tag]) -> bool:
    if name.startswith(PEERS):
        tag = signals.get(name.removeprefix(PEERS))
        return bool(tag and tag.peers)
    return name == HOUR or name in signals


def _source(name: str, signals: Mapping[str, Tag]) -> str:
    if name.startswith(PEERS):
        return PEERS + signals[name.removeprefix(PEERS)].name
    return HOUR if name == HOUR else signals[name].name
