"""Exactly-once delivery: lanes, their state, their ledger and their dead letters."""
