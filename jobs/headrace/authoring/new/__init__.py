"""`headrace new`: a working job to edit, generated from the contract of a source.

The package takes a `Request` and writes the files of a job that passes its own test and the lint, and the file of its
table, or of a function. It never overwrites an existing file, and needs no service.
"""

from __future__ import annotations

from headrace.authoring.new.function import write_function
from headrace.authoring.new.request import Request
from headrace.authoring.new.write_files import write_files

__all__ = ["Request", "write_files", "write_function"]
