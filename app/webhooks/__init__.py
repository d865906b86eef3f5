"""Alerts to whoever wants them over HTTP: signed, retried, and a dead letter when nothing helps."""
