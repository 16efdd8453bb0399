"""``python -m hattama``: the same as the command."""

from hattama.cli import main

main()
