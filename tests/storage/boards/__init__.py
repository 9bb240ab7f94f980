"""Wallboards: their figures and their addresses."""
