"""The archive's pages, in a real browser over a real archive."""
