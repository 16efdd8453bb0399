"""Settings, device identity, model bundles."""
