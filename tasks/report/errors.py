"""What goes wrong with a report."""


class ReportError(Exception):
    """The report was not made and no file was touched; the message is for the operator."""
