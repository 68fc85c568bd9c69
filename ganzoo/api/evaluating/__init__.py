"""Evaluate models from Python: what is judged, against what, and the result."""
