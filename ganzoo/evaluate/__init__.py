"""How good pictures are: features, distances between sets of images, and their scale. No torch."""
