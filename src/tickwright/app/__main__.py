"""`python -m tickwright.app` is the console script."""

from tickwright.app.cli import main

main()
