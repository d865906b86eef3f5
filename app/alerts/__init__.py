"""Burst alerts: more articles about a topic, a country or a story than the time of week and chance explain."""
