"""The commands of `beltbox calibrate`."""
