"""Benchmarks: the speed of the line and of other programs on the same topic, and of queries on the same readings."""
