"""What Meta tells us by itself: taken in by a native route (`intake`), kept as it came, read into events."""
