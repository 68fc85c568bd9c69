"""The Python door: the functions that scripts, notebooks and the commands call."""
