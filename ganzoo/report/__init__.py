"""Reports of runs for people: one HTML file that needs no other, pictures, comparisons."""
