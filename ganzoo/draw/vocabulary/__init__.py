"""Which graphs are understood before they are run: operators, types, shapes, and the work."""
