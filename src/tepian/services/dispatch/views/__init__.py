"""HTML: one query or operation each. `calls` is the 112 desk, `dispatch` sends units, `crew` is the phone, `board` leads."""
