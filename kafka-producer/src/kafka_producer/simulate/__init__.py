"""Simulated GPUs: logs and readings that are plausible, seeded and the same every time."""
