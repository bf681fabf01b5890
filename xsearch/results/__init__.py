"""What a search gives back, and how it is shown."""
