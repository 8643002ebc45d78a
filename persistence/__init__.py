"""Everything that outlives a process: media files, manifests, the commit."""
