"""The way out, in bulk: the lake and the nightly reports."""
