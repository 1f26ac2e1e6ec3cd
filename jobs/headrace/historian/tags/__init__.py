"""The list of tags: read, matched against names and wildcards, and updated.

Names, wildcards and CSV files come in; tag names and the rows of historian.tags go out. Nothing here
knows the readings of a tag.
"""
