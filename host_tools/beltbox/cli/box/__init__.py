"""The commands that talk to a box, real or virtual."""
