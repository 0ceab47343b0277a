"""How bytes are laid out: blocks of columns, and the log beside a SQLite file."""
