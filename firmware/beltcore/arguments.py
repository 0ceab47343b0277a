"""The arguments of a command, checked; and how a command is refused.

The box loads this only while it carries a command out (box/rare.py).
"""


class Refused(ValueError):
    """A command that isn't carried out.

    kind: why, in a word for programs (host/sentence.py, ANSWER_KINDS); the text says it to people.
    Of the kind `usage` the text may be empty: box/verbs.py then takes it from command_forms.py.
    """

    def __init__(self, kind: str, text: str = "") -> None:
        super().__init__(text)
        self.kind = kind


def expect(arguments: list[str], *counts: int) -> None:
    """Raise Refused unless there are as many arguments as one of `counts`."""
    if len(arguments) not in counts:
        raise Refused("usage")


def numbers(arguments: list[str], *counts: int) -> list[int]:
    """The arguments as numbers of up to 10 digits; as many as one of `counts`. Raises Refused."""
    expect(arguments, *counts)
    for text in arguments:
        if not text.isdigit() or len(text) > 10:
            raise Refused("usage")
    return [int(text) for text in arguments]
