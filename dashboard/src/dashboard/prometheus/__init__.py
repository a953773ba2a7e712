"""Prometheus: the rules that it evaluates, made from the catalogue."""
