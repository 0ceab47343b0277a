"""The card of a calibration, and where cards are kept."""
