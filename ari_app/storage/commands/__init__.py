"""Commands as rows: asked by a screen, claimed and answered by a controller."""
