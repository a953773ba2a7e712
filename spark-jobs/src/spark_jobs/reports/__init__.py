"""The nightly reports, one file each: readings of one day -> rows."""
