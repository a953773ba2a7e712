"""The console: one page, one file."""
