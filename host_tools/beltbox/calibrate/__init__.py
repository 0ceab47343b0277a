"""Calibrating belt and rails: the dialogues."""
