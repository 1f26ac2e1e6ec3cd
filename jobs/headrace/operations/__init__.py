"""Jobs on a cluster: checked, submitted, deployed, upgraded, rolled back, and remembered in a ledger.

A project, an environment and names of jobs come in; entries of the ledger go out, and jobs that run. It knows of stored
rows only their offsets, and nothing of a change before it is merged (`authoring`), or of how results are shown.
"""
