"""The project's files in, frozen models out: jobs, sources, tables, topics and Python modules.

Every fault of a file is reported at once, with its line and a fix. This room knows neither an environment nor a
service, renders no SQL, and runs nothing of what it reads.
"""
