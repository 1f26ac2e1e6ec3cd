"""What each setting of the line is worth."""
