"""A page to play with a model: served beside it, or written with everything in it."""
