"""The box: what touches the hardware. Imports beltcore and stock MicroPython, nothing else."""
