"""Faust agents and services, one a file: thin shells around app."""
