"""The one error this room raises at its users; its message is a Chinese sentence, ready to be shown."""


class RehearsalError(Exception):
    """The practice estate could not do what was asked."""
