"""The places that readings come from, one module or folder each."""
