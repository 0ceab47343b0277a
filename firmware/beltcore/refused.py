"""Why a command isn't carried out, for people and for programs."""


class Refused(ValueError):
    """A command that isn't carried out.

    kind: why, in a word for programs (host/sentence.py, ANSWER_KINDS); the text says it to people.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind
