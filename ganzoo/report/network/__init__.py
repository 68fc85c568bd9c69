"""Pictures of networks: folded until they fit a page, laid out, and written as SVG, PNG or PDF."""
