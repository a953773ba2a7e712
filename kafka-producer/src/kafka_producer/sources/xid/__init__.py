"""Xid and SXid messages of NVIDIA's drivers: ``kernel_line`` a line to a message, ``bursts`` messages to events."""
