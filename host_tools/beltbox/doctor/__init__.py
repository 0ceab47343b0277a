"""A box examined and judged."""
