"""What goes wrong with a report."""


class ReportError(Exception):
    """The report was not made and no file was touched; the message is for the operator."""


class TemplateMistakeError(ReportError):
    """A template is at fault, which whoever wrote it can mend; the message names its file and line."""
