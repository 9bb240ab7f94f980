"""Counts what happened; never asks a live call."""
