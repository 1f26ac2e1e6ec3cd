"""The judge of anomaly scores: two years of a wind farm, faults injected into the second, and each scorer's figures."""
