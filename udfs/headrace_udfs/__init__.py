"""Pure, vectorised functions of arrays, and the thin wrapper that runs them inside Flink's Python workers."""
