"""How long things take that people wait for: a row to be seen, a job to run, a restart, a test case."""
