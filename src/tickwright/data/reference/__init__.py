"""Reference data, point in time: sectors and corporate actions, each with the date from which it was known."""
