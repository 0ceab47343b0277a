"""The way of a command to the module that carries it out. Loaded when it is used: see rare.py."""

from beltcore.arguments import Refused


def do(console, verb, arguments):
    """Carry the command out: the text of its answer, or a job that returns it (see Console).

    Raises Refused; OSError when the flash fails.
    """
    # A tare's forces must be of one calibration.
    if console.job_verb == "tare" and verb in ("set", "apply", "begin"):
        raise busy(console)
    if verb in ("sessions", "read", "ack"):
        from . import session_verbs as verbs
    elif verb in ("get", "set", "settings", "prepare", "apply", "tare"):
        from . import setting_verbs as verbs
    else:
        from . import box_verbs as verbs
    try:
        answer = verbs.do(console, verb, arguments)
    except Refused as error:
        if error.kind != "usage":
            raise
        from beltcore.command_forms import forms

        raise Refused("usage", "write it as: " + " or ".join(forms(verb)))
    if console.job_verb and not isinstance(answer, str):
        raise busy(console)
    return answer


def busy(console):
    """What to raise while another command's job is under way."""
    return Refused("busy", "%s is under way: wait for its answer" % console.job_verb)
