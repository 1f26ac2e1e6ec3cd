"""`just bench query`: a day of many tags, asked of the maintained table, of one as Flink leaves it, and of a rival."""
