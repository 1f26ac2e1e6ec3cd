"""A job that would write rows a second time is refused, with the command that continues instead."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from pyiceberg.catalog import Catalog

from headrace.errors import UserError
from headrace.operations import preflight
from headrace.project.job_folder import JobFolder

HOTS = "condition.hots"


def test_a_job_whose_table_another_one_wrote_is_not_said_to_have_written_it() -> None:
    job = SimpleNamespace(
        name="condition/hot_v1", tables_written=[HOTS], writes={HOTS: "append"}, keeps_every_record=False
    )
    table = SimpleNamespace(current_snapshot=lambda: "a snapshot")
    tables = SimpleNamespace(load_table=lambda _: table)
    with pytest.raises(UserError) as raised:
        preflight.check_first_run(cast("Catalog", tables), cast("JobFolder", SimpleNamespace(job=job)))
    (problem,) = raised.value.problems
    assert problem.what == f"{HOTS} has been written to before, and condition/hot_v1 would write the same rows again"
    assert problem.fix is not None
    assert problem.fix.endswith("headrace submit condition/hot_v1 --from PATH")
