"""What touches the world: one file per thing touched, the only importer of that thing's library."""
