"""The Python door: what a script, a notebook and the commands call."""
