"""The commands of ganzoo: one file for each command, or for a family of commands."""
