"""The beta factory: betas to a market, from daily bars down to the bars of a session."""
