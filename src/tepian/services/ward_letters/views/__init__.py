"""Pages: `public` for everybody, `apply` for applicants, `desk`, `case` and `counter` for offices."""
