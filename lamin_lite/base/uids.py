"""Random identifiers, in base 62.

A family of versions shares a stem; each version adds four characters that count up. The digits are in the order
of their bytes, so that versions sort as text.
"""

from __future__ import annotations

import os

from .. import errors

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
VERSION_LENGTH = 4
FIRST_VERSION = "0" * VERSION_LENGTH


def random_uid(length: int) -> str:
    """A uid from the operating system's randomness: 62 ** length are possible.

    >>> len(random_uid(16))
    16
    """
    uid = b""
    while len(uid) < length:
        uid += os.urandom(2 * length).translate(_DIGITS, _UNFAIR)
    return uid[:length].decode("ascii")


_DIGITS = (ALPHABET.encode("ascii") * 5)[:256]  # byte -> digit
_UNFAIR = bytes(range(248, 256))  # dropped: the rest of 256 / 62 would favour some digits


def next_version(version: str) -> str:
    """The version after this one.

    >>> next_version("0009"), next_version("000Z"), next_version("00zz")
    ('000A', '000a', '0100')
    """
    number = 0
    for digit in version:
        number = number * 62 + ALPHABET.index(digit)
    number += 1
    if number >= 62**VERSION_LENGTH:
        raise errors.Conflict(f"There are already {number:,} versions: start a new family under another key.")
    digits = ""
    for _ in range(VERSION_LENGTH):
        number, rest = divmod(number, 62)
        digits = ALPHABET[rest] + digits
    return digits


def is_base62(text: str) -> bool:
    """Whether the text consists of base-62 digits only.

    >>> is_base62("aZ09"), is_base62("a-b"), is_base62("é")
    (True, False, False)
    """
    return text.isascii() and text.isalnum()
