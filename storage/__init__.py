"""Upload, object stores, catalogue, transparency log."""
