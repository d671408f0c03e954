"""What the shell is told: 0 fine, 1 problems found, 2 configuration or command line, 3 could not look or record.

130, as shells count it, is a run that was stopped by Ctrl-C or SIGTERM.
"""

FINE, PROBLEMS, CONFIGURATION, FAILED, INTERRUPTED = 0, 1, 2, 3, 130
