"""Commands behind the Makefile; run from the repository's root."""
