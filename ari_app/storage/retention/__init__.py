"""Personal data at the end of its period, and what is kept about one number."""
