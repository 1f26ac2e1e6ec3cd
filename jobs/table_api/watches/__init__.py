"""Watches over the readings of each tag: pure classes, and the one Flink function that runs them.

Readings come in, in any order; events go out, in the order of event time. Only `by_tag` imports PyFlink.
"""
