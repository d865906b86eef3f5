"""Hostile inputs: real ugliness written down (`ugly`), and endless more of it by Hypothesis (`strategies`)."""
