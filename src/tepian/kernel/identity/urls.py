"""Addresses of sign-in, of one's own account, and of the administration of accounts."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as factor
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkey
from django.urls import path

from . import views
from .access import public_page, staff_page
from .views import administration

entrance = public_page(mirrored=False)
own = staff_page()

# allauth finds its pages by these names; the ones that this city does not offer lead to the sign-in page.
urlpatterns = [
    path("masuk", entrance(views.sign_in), name="account_login"),
    path("masuk/kode", entrance(factor.authenticate), name="mfa_authenticate"),
    path("masuk/kunci-sandi", entrance(passkey.login_webauthn), name="mfa_login_webauthn"),
    path("masuk/nonaktif", entrance(account.account_inactive), name="account_inactive"),
    path("masuk/bantuan", entrance(views.sign_in_help), name="account_reset_password"),
    path("masuk/tidak-tersedia", entrance(views.not_offered), name="account_signup"),
    path("masuk/tidak-tersedia", entrance(views.not_offered), name="account_email"),
    path("masuk/tidak-tersedia", entrance(views.not_offered), name="account_set_password"),
    path("masuk/tidak-tersedia", entrance(views.not_offered), name="account_email_verification_sent"),
    path("masuk/tidak-tersedia", entrance(views.not_offered), name="account_confirm_login_code"),
    path("keluar", entrance(account.logout), name="account_logout"),
    path("akun", own(views.account), name="identity-account"),
    path("akun/bahasa", entrance(views.language), name="identity-language"),
    path("akun/sesi/akhiri", own(views.end_session), name="identity-end-session"),
    path("akun/siapa-melihat", own(views.who_viewed), name="identity-who-viewed"),
    path("akun/keamanan", own(factor.index), name="mfa_index"),
    path("akun/keamanan/kata-sandi", own(account.password_change), name="account_change_password"),
    path("akun/keamanan/pastikan", own(account.reauthenticate), name="account_reauthenticate"),
    path("akun/keamanan/pastikan-kode", own(factor.reauthenticate), name="mfa_reauthenticate"),
    path("akun/keamanan/pastikan-kunci", own(passkey.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("akun/keamanan/aplikasi", own(totp.activate_totp), name="mfa_activate_totp"),
    path("akun/keamanan/aplikasi/matikan", own(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("akun/keamanan/kode-pemulihan", own(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("akun/keamanan/kode-pemulihan/baru", own(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("akun/keamanan/kunci-sandi", own(passkey.list_webauthn), name="mfa_list_webauthn"),
    path("akun/keamanan/kunci-sandi/tambah", own(passkey.add_webauthn), name="mfa_add_webauthn"),
    path("akun/keamanan/kunci-sandi/<int:pk>/hapus", own(passkey.remove_webauthn), name="mfa_remove_webauthn"),
    path("akun/keamanan/kunci-sandi/<int:pk>/ubah", own(passkey.edit_webauthn), name="mfa_edit_webauthn"),
    path("kerja/kelola", administration.first, name="identity-administration"),
    path("kerja/kelola/pengguna", administration.accounts, name="identity-accounts"),
    path("kerja/kelola/pengguna/baru", administration.new_account, name="identity-new-account"),
    path("kerja/kelola/pengguna/<str:username>", administration.one_account, name="identity-one-account"),
    path("kerja/kelola/pengguna/<str:username>/jabatan", administration.assign, name="identity-assign"),
    path("kerja/kelola/pengguna/<str:username>/ubah", administration.change_account, name="identity-change-account"),
    path(
        "kerja/kelola/jabatan-dipegang/<int:holding_id>/akhiri", administration.end_holding, name="identity-end-holding"
    ),
    path("kerja/kelola/peran", administration.positions, name="identity-positions"),
    path("kerja/kelola/kunci", administration.device_keys, name="identity-device-keys"),
    path("kerja/kelola/kunci/<int:key_id>/cabut", administration.revoke_key, name="identity-revoke-key"),
    path("kerja/kelola/audit", administration.audit, name="identity-audit"),
]
