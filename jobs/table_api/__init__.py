"""Table API jobs, for what SQL says poorly: a module that job.yaml names, with a function `tables(inputs)`."""
