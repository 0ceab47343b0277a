"""The part of beltcore that only hosts read: sentences, flags and rows by their names.

Declared here, beside what the box writes, so that both ends follow one declaration. `beltbox
flash`, `package.json` and MicroPython leave this folder out.
"""
