"""Where orders meet a market: simulated here, a real session later. Imports `core` and `book`."""
