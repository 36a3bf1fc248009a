"""What each command does: calls the packages below and shows what they say. Imported only when a command runs."""
