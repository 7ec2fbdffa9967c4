"""The record of every operation and of every view of personal data: append-only and hash-chained."""
