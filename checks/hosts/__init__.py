"""The items of the host inspection: one file each, or one per product. See `checks.host_check`."""
