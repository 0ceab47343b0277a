"""Sessions kept: tables, blocks of rows, SQLite or PostgreSQL."""
