"""`headrace docs`, `list` and `graph`: the catalogue page, and the lineage of topics, jobs and tables.

The package reads all of the project's files together, and produces an HTML page, drawings, Mermaid text and trees. It
renders no template and needs no service, so values of an environment are unknown here.
"""
