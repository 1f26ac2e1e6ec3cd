"""IPv4 addresses as numbers."""

import ipaddress

import pyarrow as pa


def number(address: str) -> int | None:
    """Return the number of an address; None for what is not an IPv4 address."""
    try:
        return int(ipaddress.IPv4Address(address))
    except ValueError:
        return None


def compute(address: pa.StringArray) -> pa.Int64Array:
    """Return the number of each address, computed once per distinct one."""
    encoded = address.dictionary_encode()
    numbers = [number(each) for each in encoded.dictionary.to_pylist()]
    return pa.array(numbers, pa.int64()).take(encoded.indices)
