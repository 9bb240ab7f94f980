"""Rows of the area: read as one value, changed by imports; calamities and checks of the directory."""
