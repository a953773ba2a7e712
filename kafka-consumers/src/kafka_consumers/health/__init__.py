"""The health engine: readings and events to a score per GPU and minute, with its reasons."""
