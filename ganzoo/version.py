"""The version of ganzoo, which is also the version of its contract with plugins."""

__version__ = "0.1.0"
