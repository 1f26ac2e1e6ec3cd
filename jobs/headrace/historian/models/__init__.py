"""Models of anomaly scores: trained on stored readings, kept as versions, and applied to stored readings.

A model's file and the Historian come in; a new version, or the scores and events of a span, go out. How a model learns
and scores is in `headrace_udfs.scoring`, which streaming jobs use, too.
"""
