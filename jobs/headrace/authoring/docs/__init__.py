"""The project's jobs, sources, tables and topics, read at once and shown to people: as lists, drawings, pages."""
