"""`python -m hirocrm.cli`: how one HiroCRM process starts another."""

from hirocrm.cli.main import main

main()
