"""Residents, their family cards and addresses, entered once for every service."""
