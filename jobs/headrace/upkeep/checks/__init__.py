"""Checks of stored rows: a job's checks and expected counts as DuckDB queries come in, results and differences go out.

Nothing here knows of Flink: a check reads tables as any engine does.
"""
