"""Tables as text: any CSV file of a market's data, read by a mapping in TOML."""
