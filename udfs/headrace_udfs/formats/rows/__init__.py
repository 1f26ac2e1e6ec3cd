"""Documents to rows and typed columns: what a contract says of rows and places, for all formats."""
