"""Measurements: each a module to run, none of them a test."""
