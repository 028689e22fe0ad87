"""`python -m woshou`."""

from woshou.cli import main

main()
