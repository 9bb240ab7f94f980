"""Scripts: what operators find and choose, and what editors write."""
