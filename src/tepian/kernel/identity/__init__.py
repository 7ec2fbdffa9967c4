"""Accounts, sign-in, and the roles that come from positions and end with them."""
