"""`headrace docs`, `list` and `graph`: the catalogue page, and the lineage of topics, jobs and tables.

In come the project's files, read together; out go an HTML page, drawings, Mermaid text and trees. Nothing is rendered
and no service is needed, so values of an environment are unknown here.
"""
