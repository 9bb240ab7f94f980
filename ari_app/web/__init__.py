"""Shows, and passes on commands."""
