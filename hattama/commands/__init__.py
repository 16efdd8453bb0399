"""The subcommands of ``hattama``: one module each, with a test in tests/hattama/ and a page in docs/commands/ of the same name.

A module imports the package it wraps inside its functions: ``hattama --help`` then costs no second.
"""
