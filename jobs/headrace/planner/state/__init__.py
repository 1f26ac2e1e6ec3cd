"""Decide how a job's state continues when the job changes.

Two compiled plans come in; the pairing of their operators, the ids that the new plan runs with and a verdict in the
analyst's terms go out. The package reads Flink's JSON alone: it needs neither a cluster nor PyFlink.
"""
