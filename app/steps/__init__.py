"""The steps from raw record to event: validate, dedupe, classify, enrich, route. Pure functions on plain values."""
