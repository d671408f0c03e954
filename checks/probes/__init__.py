"""The safe probes, a file each. See `checks.safe_probe`."""
