"""Recordings computed again by the code of the box."""
