"""Query a day of many tags in the maintained table, in one as Flink leaves it, and in a rival: `just bench query`."""
