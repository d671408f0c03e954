"""The items of the backup check: one file each."""
