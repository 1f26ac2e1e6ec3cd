"""A job's life on the cluster: started, stopped, upgraded, rolled back, restarted; each step told to the ledger."""
