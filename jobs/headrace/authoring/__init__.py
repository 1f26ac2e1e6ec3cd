"""The work of an author before a merge: write, check, test, try and compare jobs, and document the project.

In come the project's files and, for `try`, live topics; out go files, findings, test outcomes and plans. The room
changes no table, topic or running job: whatever it runs, it runs on a Flink of its own.
"""
