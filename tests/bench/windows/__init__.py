"""What jobs with event time cost, in this checkout and in another one."""
