"""Run a job's SQL in this process on given rows: a Flink MiniCluster, with files instead of topics and tables.

A test case comes in, and the rows that the job writes to each sink go out. Tests and recomputing both use it; it knows
neither which rows were expected nor where they go.
"""
