"""Delivery, measured against peers: `make bench-delivery`."""
