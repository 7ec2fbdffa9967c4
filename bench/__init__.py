"""Every promise of speed as a ratio to a raw limit or a peer, measured interleaved in one run."""
