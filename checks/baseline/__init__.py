"""The items of the 等保二级 baseline that are read on a host, a file each. See `checks.baseline_check`."""
