"""Run a job's SQL in this process on given rows: a Flink MiniCluster, with files instead of topics and tables.

A test case comes in, and the rows that the job writes to each sink go out. Tests and recompute both use it; it
does not compare rows with the expected ones, and does not store them.
"""
