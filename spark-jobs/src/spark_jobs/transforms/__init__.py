"""DataFrame -> DataFrame, in native expressions."""
