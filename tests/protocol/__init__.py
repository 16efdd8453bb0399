"""Tests of the electronic protocol."""
