"""GPU-Z sensor logs: ``decode`` bytes to lines, ``table`` lines to rows, ``quality`` to values, ``log`` to readings."""
