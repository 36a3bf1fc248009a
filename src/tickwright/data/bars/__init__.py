"""Bars: files of them by their header, and the moment from which a bar may be known."""
