"""Measurements that anybody can repeat: each module is a command, `python -m benchmarks.NAME`."""
