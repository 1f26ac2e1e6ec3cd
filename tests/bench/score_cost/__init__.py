"""What scoring costs in Python: in the keyed function of a score job, and of stored readings."""
