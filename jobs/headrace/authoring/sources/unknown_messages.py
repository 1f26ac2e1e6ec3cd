"""What to do with messages for which no contract can be proposed."""

from __future__ import annotations

from collections.abc import Sequence

from headrace.errors import UserError

_FRAMED = 5
"""Bytes before a message of a schema registry: a zero, and the id of its schema."""

Values = Sequence[bytes | None]


def plain(values: Values) -> bool:
    """Return whether each message is plain text, a value by itself as far as one can tell."""
    try:
        texts = [text for value in values if value and (text := value.decode().strip())]
    except UnicodeDecodeError:
        return False
    return bool(texts) and all(text.isprintable() and text[:1] != "<" for text in texts)


def framed(values: Values) -> bool:
    """Return whether messages begin with the id or the GUID of a schema, as far as one can tell."""
    held = [value for value in values if value]
    return 2 * sum(value[0] in (0, 1) and len(value) > _FRAMED for value in held) > len(held) > 0


def error(values: Values, *, has_registry: bool = False) -> UserError:
    """Return the error that says what the messages look like, and what to write.

    has_registry: whether schemas that they name were looked for in a registry.
    """
    held = [value for value in values if value and value.strip()]
    if not held:
        count = "the message has no value" if len(values) == 1 else f"none of the {len(values):,} messages has a value"
        return UserError(count, fix="read others with --from or a higher --limit, or messages of a file with --file")
    what, fix = _look(held, has_registry=has_registry)
    return UserError(what, fix=fix)


def _look(values: Sequence[bytes], *, has_registry: bool) -> tuple[str, str]:
    page = "as docs/payloads.md shows"
    if framed(values) and has_registry:
        what = "the messages look like those of a schema registry, and the registry does not know their schemas"
        return what, "compare schema_registry: in the environment's file with where they come from"
    if framed(values):
        what = "the messages look like those of a schema registry, and where it is is not said"
        return what, "write schema_registry: {url: ...} in the environment's file"
    for name, begins in {"hl7": (b"MSH", b"\x0bMSH"), "xml": (b"<", b"\xef\xbb\xbf<")}.items():
        if all(value.lstrip(b" \t\r\n").startswith(begins) for value in values):
            what = f"the messages look like {name}, and a sample does not tell what to read of them"
            return what, f"write the contract with format: {name}, {page}"
    if all(map(_is_latin, values)):
        what = "the messages look like text in another encoding than UTF-8, which is the only one that is read"
        return what, "let the sender or the bridge write UTF-8"
    if not all(map(_is_text, values)):
        what = "the messages are bytes that no format is recognized in"
        return what, f"Protobuf needs its schema: write the contract with format: protobuf, {page}; or give --preset"
    return (
        "no format is recognized in these messages",
        f"name the product with --preset (headrace source show), or write the contract {page}",
    )


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return not any(byte < 9 for byte in value)


def _is_latin(value: bytes) -> bool:
    """Return whether bytes that are not UTF-8 are lines of printable text in Latin-1."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return all(byte in b"\t\r\n" or 32 <= byte < 127 or byte >= 160 for byte in value)
    return False
