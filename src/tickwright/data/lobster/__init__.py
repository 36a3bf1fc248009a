"""LOBSTER files: message and order-book pairs."""
