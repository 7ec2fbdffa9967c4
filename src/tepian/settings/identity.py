"""Sign-in: passwords, second factors, passkeys, sessions and lock-out; and the gateway for messages."""

from __future__ import annotations

from datetime import timedelta

from .knobs import Knobs

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "tepian.kernel.identity.backends.AccountBackend",
]
LOGOUT_REDIRECT_URL = "/"

SESSION_ENGINE = "tepian.kernel.identity.sessions"
SESSION_LONGEST_LIFE = 24 * 3600  # seconds after which a session ends even when it is in use
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600

ACCOUNT_ADAPTER = "tepian.kernel.identity.adapters.allauth.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_FORMS = {
    "login": "tepian.kernel.identity.forms.SignInForm",
    "change_password": "tepian.kernel.identity.forms.ChangePasswordForm",
    "reauthenticate": "tepian.kernel.identity.forms.ConfirmPasswordForm",
}
# Failures per account are counted by axes, in the database. These limits hold back sweeps over many accounts; one
# address may be a whole office behind one router.
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "10/15m/key",
    "reauthenticate": "20/m/user",
    "change_password": "5/m/user",
}

MFA_ADAPTER = "tepian.kernel.identity.adapters.allauth.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
MFA_ALLOW_UNVERIFIED_EMAIL = True  # accounts are made by administrators, not by mail
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute off
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}
MFA_FORMS = {
    "authenticate": "tepian.kernel.identity.forms.SecondFactorForm",
    "reauthenticate": "tepian.kernel.identity.forms.ConfirmCodeForm",
    "activate_totp": "tepian.kernel.identity.forms.ActivateTotpForm",
    "add_webauthn": "tepian.kernel.identity.forms.AddPasskeyForm",
    "edit_webauthn": "tepian.kernel.identity.forms.RenamePasskeyForm",
}

AXES_FAILURE_LIMIT = 10
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # the page says when the lock ends; it must stay true
AXES_RESET_ON_SUCCESS = True
AXES_HTTP_RESPONSE_CODE = 429
AXES_USERNAME_CALLABLE = "tepian.kernel.identity.lockout.username_of"
AXES_CLIENT_IP_CALLABLE = "tepian.kernel.identity.lockout.address_of"
AXES_LOCKOUT_CALLABLE = "tepian.kernel.identity.lockout.locked_page"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "login", "credential", "code"]
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True  # sign-ins stand in the city's own record

_knobs = Knobs()
MESSAGE_GATEWAY_URL, MESSAGE_GATEWAY_TOKEN = _knobs.message_gateway_url, _knobs.message_gateway_token

# Behind HTTPS there is one reverse proxy of the city, which writes the client's address.
TRUSTED_PROXIES = ALLAUTH_TRUSTED_PROXY_COUNT = 1 if _knobs.secure else 0
