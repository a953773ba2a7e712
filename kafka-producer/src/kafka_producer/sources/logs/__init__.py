"""Sensor logs: ``decode`` bytes to lines, ``table`` lines to rows, ``quality`` to values, ``log`` to readings.

``dialects`` knows the programs that write them; what only one of them does stands in its own module beside this folder.
"""
