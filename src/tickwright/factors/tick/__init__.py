"""Factors of ticks: sums over two series that are seen at different times, slot by slot, and the betas made of them."""
