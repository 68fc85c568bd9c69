"""What a run tells people: one HTML file that needs nothing else, pictures, comparisons."""
