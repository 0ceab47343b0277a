"""The virtual treadmill and the sensors on it."""
