"""`python -m beltbox`."""

from beltbox.cli import main

main()
