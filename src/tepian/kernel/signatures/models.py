"""The city's root, the keys of those who sign, who signs for whom, and every document that was signed."""

from __future__ import annotations

from django.db import models


class SigningRoot(models.Model):
    """The city's own authority. `sealed_key` is encrypted with the installation's secret; the newest row counts, older ones
    stay so that what they signed can be checked."""

    certificate = models.TextField()
    sealed_key = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    class Meta:
        app_label = "city"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"root {self.pk}"


class SigningKey(models.Model):
    """With what a person signs. `local`: a key of the city's authority, closed by the person's passphrase, which is kept
    nowhere. `bsre`: the person's key lies at BSrE; `sealed_identity` is under which NIK.

    `offered` waits for its person to choose a passphrase until `activate_before`. `tries` counts wrong passphrases in a
    row, counted before each try."""

    class State(models.TextChoices):
        OFFERED = "offered"
        ACTIVE = "active"
        REVOKED = "revoked"

    account = models.ForeignKey("city.Account", on_delete=models.PROTECT, related_name="signing_keys")
    provider = models.CharField(max_length=10, default="local")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OFFERED)
    root = models.ForeignKey(SigningRoot, null=True, blank=True, on_delete=models.PROTECT, related_name="keys")
    serial = models.CharField(max_length=50, blank=True, db_index=True)
    certificate = models.TextField(blank=True)
    closed_key = models.BinaryField(null=True, blank=True)
    sealed_identity = models.TextField(blank=True)
    offered_by = models.CharField(max_length=200)
    offered_at = models.DateTimeField(auto_now_add=True)
    activate_before = models.DateTimeField(null=True, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=200, blank=True)
    revoke_reason = models.CharField(max_length=20, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "city"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(state="active"), name="one_active_signing_key"
            ),
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(state="offered"), name="one_offered_signing_key"
            ),
        ]

    def __str__(self) -> str:
        return f"key {self.pk}"


class SigningDelegation(models.Model):
    """The holder of `by_position` signs for `for_position`, from one day to another, on a decision (`basis`).

    `form` is an (a.n., atas nama) or ub (u.b., untuk beliau: for whoever signs a.n., who is `via`). `kinds` limits it to
    kinds of documents; empty means all."""

    class Form(models.TextChoices):
        AN = "an"
        UB = "ub"

    for_position = models.ForeignKey("city.Position", on_delete=models.PROTECT, related_name="+")
    by_position = models.ForeignKey("city.Position", on_delete=models.PROTECT, related_name="+")
    via = models.ForeignKey("city.Position", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    form = models.CharField(max_length=2, choices=Form.choices)
    kinds = models.JSONField(default=list, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    basis = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "city"
        ordering = ["for_position__code", "-valid_from", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gte=models.F("valid_from")),
                name="signing_delegation_ends_after_start",
            )
        ]

    def __str__(self) -> str:
        return f"{self.form} {self.pk}"


class SignedDocument(models.Model):
    """A document that carries a signature. `sha256` is the signed file's, which is never written again.

    `kind`, `item_key` are the room's; `title`, `number`, `office`, `signer_title`, `about` (a mask) are what the public
    check says, as they were at signing. `level` is B-B (the city's clock), B-T (a time stamp), B-LT, or
    empty where the service does not say."""

    code = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=60)
    item_key = models.CharField(max_length=100)
    title = models.CharField(max_length=200)
    number = models.CharField(max_length=120, blank=True)
    about = models.CharField(max_length=200, blank=True)
    office = models.CharField(max_length=200, blank=True)
    position = models.CharField(max_length=80)
    signer_title = models.CharField(max_length=300)
    signer = models.ForeignKey("city.Account", on_delete=models.PROTECT, related_name="signed_documents")
    capacity = models.CharField(max_length=12)
    basis = models.CharField(max_length=200, blank=True)
    provider = models.CharField(max_length=10)
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="documents")
    level = models.CharField(max_length=6, blank=True)
    signed_at = models.DateTimeField(db_index=True)
    sha256 = models.CharField(max_length=64, unique=True)
    file = models.UUIDField()
    valid_until = models.DateField(null=True, blank=True)
    superseded_by = models.CharField(max_length=20, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=200, blank=True)
    revoke_reason = models.CharField(max_length=20, blank=True)
    revoke_explanation = models.TextField(blank=True)

    class Meta:
        app_label = "city"
        ordering = ["-signed_at", "-id"]
        indexes = [models.Index(fields=["signer", "-signed_at"], name="signed_by")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "item_key"],
                condition=models.Q(revoked_at__isnull=True, superseded_by=""),
                name="signed_once",
            )
        ]

    def __str__(self) -> str:
        return self.code
