"""What can go wrong in training, said so that the reader knows what to do."""


class TrainingError(ValueError):
    """Training cannot go on; the message says what is missing or wrong."""
