"""Limits of the options of features."""

from ganzoo.errors import PluginError

LARGEST_SEED = 2**63 - 1


def require(name: str, value: int, low: int, high: int) -> None:
    """Raise PluginError unless the option `name` has a value from `low` to `high`."""
    if not low <= value <= high:
        raise PluginError(f"{name} must be from {low:,} to {high:,}, not {value:,}")
