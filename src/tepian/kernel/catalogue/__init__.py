"""What the rooms offer: nameplates, contributions declared at boot, and the page cache that their versions keep right."""
