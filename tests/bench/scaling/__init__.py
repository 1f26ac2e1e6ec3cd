"""How the line's speed, CPU and memory depend on slots, partitions, sizes of messages and the number of jobs."""
