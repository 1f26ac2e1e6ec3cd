"""What a score job needs of Flink: a function that scores packs, and rows of what comes out.

What they compute is in `headrace_udfs.scoring`, without Flink.
"""
