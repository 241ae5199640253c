"""What a run tells: events, meters and sinks. Knows nothing of specs or plans."""
