"""Settings and device identity."""
