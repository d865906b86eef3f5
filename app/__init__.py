"""geonews: real-time geopolitical news stream processor on Apache Kafka."""

__version__ = "0.1.0"
