"""Commands as rows: asked, claimed, answered."""
