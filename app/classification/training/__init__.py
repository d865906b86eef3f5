"""Training of the shipped model: needs the `train` extra (`pip install 'geonews[train]'`); the runtime never imports it."""
