"""Modules of Table API jobs, which are copied next to those of the project."""
