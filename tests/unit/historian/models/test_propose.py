"""A model file is proposed from readings: angles, peers, and tags that cannot be scored, each with a reason."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from headrace.errors import UserError
from headrace.historian.models import declared, propose
from headrace.historian.models.instants import Readings
from headrace.project import model_files
from headrace.project.paths import Project
from headrace_udfs.arrays import Doubles

COUNT = 3000
QUARTER_US = 15 * 60_000_000


def plant() -> dict[str, Doubles]:
    """Two fans. Direction and temperature are those of the weather; power follows the fan's own speed."""
    random = np.random.default_rng(3)
    weather = 15 + np.cumsum(random.normal(0, 0.1, COUNT))
    wind = np.cumsum(random.normal(0, 8, COUNT))
    columns: dict[str, Doubles] = {}
    for fan in ("A", "B"):
        speed = 800 + np.cumsum(random.normal(0, 5, COUNT))
        columns |= {
            f"{fan}.speed": speed,
            f"{fan}.power": speed * 2 + random.normal(0, 0.01, COUNT),
            f"{fan}.air": weather + random.normal(0, 0.01, COUNT),
            f"{fan}.wind": (wind + random.normal(0, 3, COUNT)) % 360,
            f"{fan}.level": np.abs(np.cumsum(random.normal(0, 20, COUNT))) % 340.0,
            f"{fan}.on": np.floor(np.arange(COUNT) / 500) % 2.0,
            f"{fan}.hours": np.arange(COUNT) / 60,
        }
    columns["A.limit"] = np.full(COUNT, 5.0)
    return columns


@pytest.fixture(scope="module")
def proposal() -> propose.Proposal:
    columns = plant()
    times = np.arange(COUNT) * QUARTER_US
    readings = [Readings(times, values) for values in columns.values()]
    return propose.propose([*columns], readings, {})


def test_only_what_passes_from_the_end_of_a_turn_to_its_beginning_is_an_angle(proposal: propose.Proposal) -> None:
    assert [choice.tags for choice in proposal.angles] == [("A.wind", "B.wind")]


def test_peers_are_signals_that_the_assets_share_and_their_own_tags_do_not_explain(proposal: propose.Proposal) -> None:
    assert [choice.tags for choice in proposal.peers] == [("A.air", "B.air"), ("A.wind", "B.wind")]


def test_tags_without_scores_have_a_reason(proposal: propose.Proposal) -> None:
    reasons = {name: choice.reason for choice in proposal.exclude for name in choice.tags}
    assert reasons == {
        "A.on": "a switch: two values",
        "B.on": "a switch: two values",
        "A.hours": "a counter: it only rises",
        "B.hours": "a counter: it only rises",
        "A.limit": "constant",
    }
    assert proposal.every == timedelta(minutes=15)
    assert proposal.assets == 2


def test_the_file_means_what_was_proposed(
    proposal: propose.Proposal, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    for part in ("catalogs", "sql/_schemas"):
        shutil.copytree(pytestconfig.rootpath / part, tmp_path / part)
    project = Project(tmp_path, tmp_path / "home")
    text = propose.write(project, "fans", ["*"], "fan-team", proposal)
    model = model_files.load(project, "fans")
    assert set(model.exclude) == {"*.on", "*.hours", "A.limit"}
    tags = {tag.name: tag for tag in declared.tags(model, declared.names(model, [*plant()]), {})}
    assert {name for name, tag in tags.items() if tag.angle} == {"A.wind", "B.wind"}
    assert {name for name, tag in tags.items() if tag.peers} == {"A.air", "B.air", "A.wind", "B.wind"}
    assert not any(name.endswith((".on", ".hours", ".limit")) for name in tags)
    assert "# *.wind: it goes round a full turn of 360 degrees.\n" in text
    with pytest.raises(UserError, match="model 'fans' exists"):
        propose.write(project, "fans", ["*"], "fan-team", proposal)
    with pytest.raises(UserError, match="not a valid model name"):
        propose.write(project, "../fans", ["*"], "fan-team", proposal)
