"""The grid of made-up walks, what is measured on it, and beside which rivals."""
