"""Which topics an article belongs to: classifiers, their evidence and how they are evaluated. No Kafka, no HTTP."""
