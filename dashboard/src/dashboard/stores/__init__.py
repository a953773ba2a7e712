"""The reading side of each store."""
