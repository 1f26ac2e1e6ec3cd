"""Stored rows kept complete, correct and fast: reconcile, completeness, recompute, checks and maintenance.

A project, an environment and names of tables or jobs come in; reports go out, and better tables. It may not start, stop
or change a running job: for that, there is `operations`.
"""
