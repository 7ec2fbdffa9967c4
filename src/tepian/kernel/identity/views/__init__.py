"""Pages of sign-in, of one's own account, and of administration."""

from .own import account, end_session, language, not_offered, sign_in, sign_in_help, who_viewed

__all__ = ["account", "end_session", "language", "not_offered", "sign_in", "sign_in_help", "who_viewed"]
