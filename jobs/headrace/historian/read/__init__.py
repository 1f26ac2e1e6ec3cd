"""Read the stored readings of tags from the Iceberg table.

Tag names and spans of time come in, and rows go out, read from no more files, row groups and columns than can hold
them. Nothing here knows which aggregate or trend is made of the rows.
"""
