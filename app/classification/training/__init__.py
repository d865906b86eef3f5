"""Training of the shipped model: needs the extra `train`, and the runtime never imports it."""
