"""What a replay has committed to a branch counts as no commit of the job, also after it has expired."""

from __future__ import annotations

from pyiceberg.table.snapshots import Operation, Snapshot, Summary

from headrace.operations.lifecycle.expired_commits import CHECKPOINT_ID, JOB_ID, REPLAY, added_rows, last_rows


def snapshot(number: int, job: str) -> Snapshot:
    told = {JOB_ID: job, CHECKPOINT_ID: "3", "added-records": "5"}
    listed = f"file:///{number}"
    fields = {"snapshot-id": number, "timestamp-ms": number, "manifest-list": listed}
    return Snapshot.model_validate({**fields, "summary": Summary(Operation.APPEND, **told)})


def test_rows_of_a_replay_are_no_rows_of_the_job() -> None:
    own, replayed = snapshot(1, "0" * 32), snapshot(2, REPLAY + "0" * (32 - len(REPLAY)))
    assert [added_rows(each) for each in (own, replayed)] == [5, 0]
    assert [*last_rows([own, replayed])] == ["0" * 32]
