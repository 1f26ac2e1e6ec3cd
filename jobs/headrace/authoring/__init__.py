"""The work of an author before a merge: write, check, test, try and compare jobs, and document the project.

The package reads the project's files and, for `try`, live topics; it produces files, findings, test outcomes and
plans. It changes no table, topic or running job: everything that it runs, it runs on a Flink of its own.
"""
