"""The names of the fields of blocks.py, in the order of its codes; for hosts."""

# Of HEAD_CODES.
HEAD_FIELDS = (
    "random",
    "version",
    "session",
    "power",
    "boots",
    "clock_s",
    "settings_hash",
    "crc",
)
# Of BLOCK_CODES.
BLOCK_FIELDS = (
    "records",
    "spare",
    "t_s",
    "forward_m",
    "forward_mm",
    "backward_m",
    "backward_mm",
)
# Of RECORD_CODES.
RECORD_FIELDS = (
    "after_s",
    "zone",
    "forward_mm",
    "backward_mm",
    "speed_mm_s",
    "reliance_permille",
    "cadence_spm_x10",
    "flags",
    "box_flags",
)
