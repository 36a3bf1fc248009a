"""What every package shares: units, instruments, events, records, errors, seeds. Imports nothing of Tickwright."""
