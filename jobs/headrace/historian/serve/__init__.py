"""A page to look at trends with, and the small read-only HTTP interface that it asks."""
