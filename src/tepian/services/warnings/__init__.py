"""Warnings to the public: pages, CAP messages, feed and subscriptions."""
