"""Load a table that people keep, such as shifts or networks, from a file.

The package reads the file and the table, checks every row, and changes the table in one commit. It knows nothing of the
jobs that look the rows up.
"""

from headrace.upkeep.load.load import Change, Loaded, load

__all__ = ["Change", "Loaded", "load"]
