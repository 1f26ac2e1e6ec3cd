"""What to do about a service that does not answer at its address."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def unreachable(addresses: str, setting: str) -> str:
    """Return the fix for a service that does not answer; `setting` is the one that names its address.

    `addresses` are separated by commas. The local platform is named only for addresses of this machine.
    """
    if all(_is_loopback(each) for each in addresses.split(",")):
        return (
            f"is it up? `headrace local up` starts the local platform; otherwise correct {setting} of the environment"
        )
    return f"is it up, and does this machine reach it? {setting} of the environment's file in catalogs/ has its address"


def _is_loopback(address: str) -> bool:
    text = address.strip()
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
