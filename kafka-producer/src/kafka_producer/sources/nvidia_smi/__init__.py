"""The program nvidia-smi: ``log`` reads what ``--query-gpu --format=csv`` has written to a file, ``live`` asks it."""
