"""A run's folder: begun, written, kept, gone on with."""
