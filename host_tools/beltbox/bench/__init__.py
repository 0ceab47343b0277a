"""`make bench`: the figures that the README states, measured anew, beside their goals."""
