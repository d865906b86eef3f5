"""Many clients of the stream on one gateway: `python -m benchmarks.gateway`."""
