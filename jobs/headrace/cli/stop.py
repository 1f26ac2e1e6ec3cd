"""`headrace stop`: stop a running job with a savepoint."""

from __future__ import annotations

from headrace.cli.common import Context, Env, JobName, Json, Wait, log, out, print_json
from headrace.cli.submit import show


def stop(job: JobName, wait: Wait = 0, env: Env = "local", json: Json = False) -> None:
    """Stop a running job with a savepoint: everything that it has read is committed first."""
    from headrace.operations.lifecycle import operation_context
    from headrace.operations.lifecycle import stop as lifecycle

    context = Context(env)
    with (
        log.status(f"stopping {job}") as status,
        operation_context.locked(context.project, context.settings, wait, status.update) as operation,
    ):
        unknown = lifecycle.stop_unknown(operation, job)
        entry = None if unknown else lifecycle.stop(operation, job)
    if entry:
        show(entry, json=json)
    elif unknown and json:
        print_json({"job": job, "flink_job_id": unknown.id, "savepoint": unknown.savepoint})
    elif unknown:
        out.print(f"{job} has stopped; savepoint {unknown.savepoint}", highlight=False, soft_wrap=True)
