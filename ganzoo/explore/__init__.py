"""A page to play with a model: served from here, or written with everything in it."""
