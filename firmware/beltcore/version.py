"""The versions that the box states about itself in its first sentence."""

FIRMWARE_VERSION = "0.1.0"

# The wire. A host refuses a higher number by name; a new field at a sentence's end or a new
# sentence type doesn't raise it, because readers skip what they don't know.
PROTOCOL_VERSION = 1
