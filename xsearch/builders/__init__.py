"""What fills an index."""
