"""What decoding costs, by format and by the number of readings in a message: `just bench formats`."""
