"""What the shell is told: 0 fine, 1 problems found, 2 configuration or command line, 3 could not look or record."""

FINE, PROBLEMS, CONFIGURATION, FAILED = 0, 1, 2, 3
