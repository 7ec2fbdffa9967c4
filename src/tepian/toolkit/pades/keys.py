"""Private keys at rest: PKCS#8, encrypted with AES-256 by a key that scrypt makes of the passphrase (RFC 7914, RFC 8018).

`openssl pkey` and `cryptography` read what stands here. `cryptography` itself writes PKCS#8 with few rounds only, which
is why the envelope is written here.
"""

from __future__ import annotations

import os

from asn1crypto import core
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7

COST = 2**16  # 64 MiB and about 0.2 s a try
PBES2, SCRYPT, AES256_CBC = "1.2.840.113549.1.5.13", "1.3.6.1.4.1.11591.4.11", "2.16.840.1.101.3.4.1.42"


class WrongPassphrase(Exception):
    """This passphrase does not open this key."""


class _ScryptParams(core.Sequence):
    _fields = [
        ("salt", core.OctetString),
        ("cost", core.Integer),
        ("block_size", core.Integer),
        ("parallel", core.Integer),
        ("length", core.Integer),
    ]


class _Derivation(core.Sequence):
    _fields = [("algorithm", core.ObjectIdentifier), ("parameters", _ScryptParams)]


class _Encryption(core.Sequence):
    _fields = [("algorithm", core.ObjectIdentifier), ("iv", core.OctetString)]


class _Scheme(core.Sequence):
    _fields = [("derivation", _Derivation), ("encryption", _Encryption)]


class _Algorithm(core.Sequence):
    _fields = [("algorithm", core.ObjectIdentifier), ("parameters", _Scheme)]


class _EncryptedKey(core.Sequence):
    _fields = [("algorithm", _Algorithm), ("data", core.OctetString)]


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh key on the curve P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def close(key: ec.EllipticCurvePrivateKey, passphrase: str) -> bytes:
    """The key as encrypted PKCS#8, DER."""
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    salt, iv = os.urandom(16), os.urandom(16)
    padder = PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    secret = Scrypt(salt=salt, length=32, n=COST, r=8, p=1).derive(passphrase.encode())
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(iv)).encryptor()
    parameters = {"salt": salt, "cost": COST, "block_size": 8, "parallel": 1, "length": 32}
    made: bytes = _EncryptedKey(
        {
            "algorithm": {
                "algorithm": PBES2,
                "parameters": {
                    "derivation": {"algorithm": SCRYPT, "parameters": parameters},
                    "encryption": {"algorithm": AES256_CBC, "iv": iv},
                },
            },
            "data": encryptor.update(padded) + encryptor.finalize(),
        }
    ).dump()
    return made


def open_key(closed: bytes, passphrase: str) -> ec.EllipticCurvePrivateKey:
    """The key again. Raises `WrongPassphrase`."""
    try:
        key = serialization.load_der_private_key(closed, passphrase.encode() or b"\0")
    except (ValueError, TypeError) as error:
        raise WrongPassphrase from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise WrongPassphrase
    return key
