"""The commands for sessions that were recorded."""
