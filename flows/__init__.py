"""What happens, in which order: one file per duty."""
