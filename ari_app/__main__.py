"""`python -m ari_app` is the same program as `ari-app`."""

from ari_app.cli import main

if __name__ == "__main__":
    main()
