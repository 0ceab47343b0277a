"""The commands, and nothing else."""
