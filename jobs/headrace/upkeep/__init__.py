"""Keep stored rows complete, correct and fast: reconcile, completeness, recompute, checks and maintenance.

A project, an environment and names of tables or jobs come in; reports and improved tables go out. This room does not
start, stop or change a running job: `operations` does that.
"""
