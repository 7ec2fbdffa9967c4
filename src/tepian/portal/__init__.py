"""The hall: home, search, the desk, the wall."""
