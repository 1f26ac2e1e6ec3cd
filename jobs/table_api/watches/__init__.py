"""What watches over the readings of each tag: pure classes, and the one Flink function that runs them."""
