"""Serve a trend page and the read-only HTTP interface behind it.

HTTP requests come in, and JSON, CSV or the files of the page go out. Nothing here reads a file of a table or calculates
a value itself, and no request can change anything.
"""
