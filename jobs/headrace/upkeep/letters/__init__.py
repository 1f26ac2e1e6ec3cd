"""Dead letters and late readings, read back with their payloads."""
