"""The plant that the cost of scores is measured on, and the page of figures."""

from __future__ import annotations

import numpy as np
import pytest

from bench.score_cost import plant
from bench.score_cost.again import Again
from bench.score_cost.report import page
from bench.score_cost.runs import Run
from bench.score_cost.sizes import Sizes
from bench.score_cost.stages import Stages
from headrace_udfs.scoring import buckets, model
from headrace_udfs.scoring.parts import part


def test_each_line_of_the_plant_has_the_scores_of_its_own_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plant, "SIGNALS", plant.SIGNALS[:3])
    whole = plant.model(3)
    times, values = zip(*plant.instants(60, 3), strict=True)
    at, readings = np.array(times), np.stack(values)
    assert len(whole.tags) == 36
    assert len(buckets.components(whole.tags)) == 3

    _, scored = whole.score(whole.fresh(), at, readings)
    assert np.isfinite(scored.score).all()
    assert scored.anomaly.mean() < 0.02
    for number in (0, 2):
        of_line = np.arange(12) + number * 12
        line = part(whole, of_line.tolist())
        _, alone = line.score(line.fresh(), at, readings[:, of_line])
        np.testing.assert_array_equal(alone.score, scored.score[:, of_line])
        np.testing.assert_array_equal(alone.expected, scored.expected[:, of_line])
    assert len(whole.save()) > 0
    assert model.load(whole.save(), whole.card()).tags == whole.tags


def test_the_page_has_the_sum_of_the_stages_and_what_reading_does_not_cost() -> None:
    runs = [
        Run(name, number, readings, readings, 9.0 if number == 0 else 2 + cost * readings / 1e6, 1.0)
        for name, cost in (("decode", 5.5), ("score", 8.0))
        for number in (0, 1)
        for readings in (2_000_000, 500_000)[number == 0 :]
    ]
    stages = [Stages(n, 120, {"packs": 0.25, "align": 4 / n}) for n in (4, 8)]
    text = page(200, runs, stages, [Again(1_000_000, 0.25, 1.5)], Sizes(130.0, 29.0, 2100.0, 500.0, 6000.0))
    assert "stores nothing: **2.50** (2.50; the aim is 4.6)" in text
    assert "The job that decodes costs 5.50." in text
    assert "beyond reading them: **1.25** (1.25; the aim is 1.2)" in text
    assert "| **sum** | **1.25** | **0.75** |" in text
    assert "takes 0.13 kB per tag, and 29 bytes per reading" in text
    assert "a model of 60 MB\nand 1.3 MB of state" in text
    assert "| second | 100,000 | 0.25 | 5.50 |" in text
