"""Capacity: what one article costs, and how many workers, partitions and brokers a number of articles needs."""
