"""The virtual box in the foreground, its truth, the demo."""
