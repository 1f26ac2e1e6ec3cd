"""A job's life on the cluster: started, stopped, upgraded, rolled back and restarted, each step written to the ledger.

A context (project, settings, cluster, ledger) and a job's name come in; the ledger's entry of the last step goes out.
Nothing here knows of commands, or of which jobs an environment should run: `deploy` decides that.
"""
