"""A comparison of architectures after equal seconds of training."""
