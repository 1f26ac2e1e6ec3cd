"""The address under which releases made before the rooms start a job; nothing else is kept here."""
