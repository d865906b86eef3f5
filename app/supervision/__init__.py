"""`geonews up`: local Kafka, workers and gateway as one thing that starts, is watched, and stops."""
