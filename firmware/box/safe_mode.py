"""Safe mode says why: one sentence, after the identity if that is still to be had."""

from beltcore import settings
from beltcore.writer import Writer

from . import boards, identity, settings_file
from .port import Port


def say(text):
    """Send the sentence. Raises whatever comes of files that are broken."""
    port = Port()
    writer = Writer()
    try:
        values = settings_file.load()[0]
        fingerprint = "%04X" % settings.fingerprint(values)
        boots = identity.count_boot()
        identity.write(writer, boots, boards.find().NAME, values["box_name"], fingerprint)
        port.send(writer)
    except (ValueError, OSError):
        pass  # what follows matters more
    writer.log(text)
    port.send(writer)
