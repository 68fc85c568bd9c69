"""The commands of ganzoo, one file for each or for a family of them."""
