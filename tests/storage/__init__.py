"""Tests of upload, stores, archive and log."""
