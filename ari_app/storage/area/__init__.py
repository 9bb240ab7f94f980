"""Rows of the area: read as one value, and changed by importing an area file."""
