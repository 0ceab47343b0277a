"""The arithmetic of calibrations, without a box."""
