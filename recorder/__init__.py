"""Capture: sources, segments, supervision; the recording daemon."""
