"""The steps that job.yaml can name under `through:`, described as the functions of SQL are."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from headrace_udfs.function_doc import Column, FunctionDoc
from headrace_udfs.step_protocol import Step, Worker
from headrace_udfs.steps import Enrich, Score
from headrace_udfs.tags import TagTable

TAGS = TagTable.of(
    pa.table(
        {
            "tag": ["R80711.wind_speed", "R80711.gearbox_oil"],
            "asset": ["engie/la_haute_borne/R80711", "engie/la_haute_borne/R80711"],
            "unit": ["m/s", "degC"],
            "baseline_median": [5.5, None],
            "baseline_mad": [1.5, None],
        }
    )
)
"""What the examples know of tags, in the place of historian.tags."""


def _opened(step: Step) -> Step:
    step.open(Worker(catalog=None, count=lambda _name, _n: None))
    return step


_ALL = (
    FunctionDoc(
        "enrich",
        doc="Where in the plant the tag is measured, and its unit.",
        null="historian.tags does not know the tag (the metric unknown_tags counts these)",
        source="historian.tags",
        inputs={"tag": Column("string")},
        outputs={"asset": Column("string"), "unit": Column("string")},
        example={"tag": ["R80711.wind_speed", "R80711.unheard_of"]},
        apply=_opened(Enrich(TAGS)).apply,
    ),
    FunctionDoc(
        "score",
        doc="How far a value is from what its tag usually reads (modified z-score), and whether that is beyond 3.5.",
        null="value or baseline is missing, the baseline's MAD is 0, or quality is not good",
        source="Iglewicz and Hoaglin 1993: 0.6745 (value - median) / MAD; the baselines of historian.tags",
        inputs={"tag": Column("string"), "value": Column("double", "the tag's"), "quality": Column("long")},
        outputs={"score": Column("double", "1"), "anomaly": Column("boolean")},
        example={
            "tag": ["R80711.wind_speed", "R80711.wind_speed", "R80711.wind_speed", "R80711.gearbox_oil"],
            "value": [7.0, 25.0, 25.0, 61.5],
            "quality": [0, 0, 0x80000000, 0],
        },
        apply=_opened(Score(TAGS)).apply,
    ),
)

STEP_DOCS: Mapping[str, FunctionDoc] = {step.name: step for step in _ALL}
