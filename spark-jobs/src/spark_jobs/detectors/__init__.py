"""Readings and windows -> findings -> anomalies: docs/decisions/0007-anomalies-from-the-windows.md."""
