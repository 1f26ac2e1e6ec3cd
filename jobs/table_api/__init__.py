"""Table API jobs, for what is hard to express in SQL.

Each job is one module, which job.yaml names, with a function `tables(inputs)` that computes the output tables from the
job's inputs. A module knows nothing else of the engine.
"""
