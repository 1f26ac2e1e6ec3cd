"""Turn a composed job into a plan on a real Flink: compile it, check it and start it.

A composition and the settings of an environment come in; a compiled plan, its stored form and Flink's errors in
plain words go out. This is the only room that starts PyFlink, and it knows nothing of the ledger or of deployments.
"""
