"""Plants made for a test: their topics, tables and jobs."""
