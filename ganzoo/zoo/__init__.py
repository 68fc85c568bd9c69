"""Plugins: found by their metadata, loaded when they are named, guarded while they run."""
