"""Everything that talks to Kafka outside the delivery lanes: client options, administration, the local broker."""
