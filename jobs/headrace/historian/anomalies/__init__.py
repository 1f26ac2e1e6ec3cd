"""What models of anomaly scores have found: scores of readings, events of anomalies, and what people say of them.

Tags and times come in; scores, events and the bands in which readings are expected go out. Notes are the one thing that
is written here. How scores are made is in `headrace_udfs.scoring`.
"""
