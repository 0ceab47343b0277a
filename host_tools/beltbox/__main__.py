"""`python -m beltbox`."""

from beltbox.cli.main import main

main()
