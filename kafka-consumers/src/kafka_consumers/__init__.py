"""The way out, record by record: sinks and alerts."""
