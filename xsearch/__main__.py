"""`python -m xsearch`: the same as the `xsearch` command."""

from xsearch.cli import main

main()
