"""What was walked, as plain data and arithmetic: no port, no database, no screen."""
