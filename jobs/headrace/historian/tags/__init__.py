"""The list of tags: read, matched against names and wildcards, and updated.

Names, wildcards, CSV files and learned baselines come in; tag names and the rows of historian.tags go out. Nothing here
knows the readings of a tag.
"""
