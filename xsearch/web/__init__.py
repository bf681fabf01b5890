"""The page of `xsearch serve`: a skin over the library, as the command line is. No physics and no ranking is here."""
