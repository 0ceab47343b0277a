"""What is used now and then is imported when it is used, and leaves the RAM again.

Half of the firmware is start, rare commands and their texts. Importing some of it anew holds the
loop up for some milliseconds (from .py files for up to a few hundred); the belt's count goes on in
hardware, and rows stay right, as after any late tick.
"""

import sys


class Rare:
    """`with Rare(): from . import something`: what was imported inside is forgotten afterwards.

    Objects that are still in use stay. Such a module keeps nothing in itself from use to use.
    """

    def __enter__(self):
        self._before = set(sys.modules)

    def __exit__(self, *_error):
        for name in list(sys.modules):
            package, _, leaf = name.rpartition(".")
            if name not in self._before and package.split(".")[0] in ("box", "beltcore"):
                module = sys.modules.pop(name)
                # A package has its modules as attributes, too.
                if getattr(sys.modules.get(package), leaf, None) is module:
                    delattr(sys.modules[package], leaf)
