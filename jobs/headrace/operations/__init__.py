"""Jobs on a cluster: check, submit, deploy, upgrade and roll them back, and record each step in a ledger.

A project, an environment and names of jobs come in; running jobs and entries of the ledger go out. This room knows only
the offsets of stored rows, and nothing of a change before it is merged (`authoring`), or of how results are shown.
"""
