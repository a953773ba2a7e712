"""Simulated nodes full of GPUs, as a DCGM exporter would show them."""
