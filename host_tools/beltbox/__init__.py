"""BeltBox on the host: finds the box, shows, records, reports and computes again."""

__version__ = "0.1.0"
