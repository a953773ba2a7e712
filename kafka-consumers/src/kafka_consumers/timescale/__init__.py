"""Readings in PostgreSQL: their tables with TimescaleDB and without, and what keeps them (docs/decisions/0023)."""
