"""The headrace engine: one module a step, in the order in which data and jobs move through it."""
