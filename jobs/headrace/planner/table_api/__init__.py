"""Run the module of a Table API job: its inputs as Tables come in, one Table per sink goes out.

The package reports what is wrong with a module at its line. It knows nothing of what a module computes.
"""
