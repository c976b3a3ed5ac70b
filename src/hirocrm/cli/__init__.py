"""The `hirocrm` command: each subcommand one file and one call into the domain.

Heavy imports (Django, psycopg, Granian) happen inside the subcommands, so that `--help` is quick.
"""
