"""The module path by which releases of every age start a job. Nothing else belongs here."""
