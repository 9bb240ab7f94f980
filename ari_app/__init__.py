"""Call control for the shared 14+netnummer of Dutch municipalities, next to Asterisk."""

__version__ = "0.1.0"
