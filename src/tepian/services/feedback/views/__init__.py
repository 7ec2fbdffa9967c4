"""The pages of this room: `public` for everybody, `desk` for the offices."""
