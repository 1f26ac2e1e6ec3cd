"""How fast the line is, and how fast others are on the same topic."""
