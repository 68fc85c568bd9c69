"""The checks that every plugin must pass, for `ganzoo check-plugin` and ganzoo's own tests."""

from ganzoo.conformance.verdicts import Verdict, check, check_entry

__all__ = ["Verdict", "check", "check_entry"]
