"""What every component shares: its struct, its family, the catalogue, durations and paths."""
