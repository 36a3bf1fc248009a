"""Levels above the intraday ones: a mandate over several windows or sessions."""
