"""Read the project's files into frozen models: jobs, sources, tables, topics and Python modules.

All faults of a file are reported at once, each with its line and a fix. This room knows neither an environment nor a
service, renders no SQL, and does not run the modules that it reads.
"""
