"""Translate librdkafka's options, which an environment's file has, to those of Flink's Java client."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from headrace.errors import did_you_mean
from headrace_udfs.references import has_reference, quoted

# Flink's connector ships Kafka's classes in a package of its own.
_SECURITY = "org.apache.flink.kafka.shaded.org.apache.kafka.common.security"
_LOGIN = {
    "PLAIN": f"{_SECURITY}.plain.PlainLoginModule",
    "SCRAM-SHA-256": f"{_SECURITY}.scram.ScramLoginModule",
    "SCRAM-SHA-512": f"{_SECURITY}.scram.ScramLoginModule",
}
_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_CHECKED_NAMES = {"https": "https", "none": ""}

_SAME = frozenset(
    {
        "bootstrap.servers", "client.id", "client.rack", "metadata.max.age.ms", "connections.max.idle.ms",
        "socket.connection.setup.timeout.ms", "reconnect.backoff.ms", "reconnect.backoff.max.ms", "retry.backoff.ms",
        "session.timeout.ms", "heartbeat.interval.ms", "max.poll.interval.ms", "fetch.min.bytes", "fetch.max.bytes",
        "max.partition.fetch.bytes", "batch.size", "linger.ms", "compression.type", "ssl.key.password",
    }
)  # fmt: skip
_RENAMED = {
    "socket.timeout.ms": "request.timeout.ms",
    "fetch.wait.max.ms": "fetch.max.wait.ms",
    "message.max.bytes": "max.request.size",
}
_CERTIFICATES = {
    "ssl.ca": "ssl.truststore.certificates",
    "ssl.certificate": "ssl.keystore.certificate.chain",
    "ssl.key": "ssl.keystore.key",
}
_PEM_FILES = {f"{name}.location": java for name, java in _CERTIFICATES.items()}
_PEM_TEXTS = {f"{name}.pem": java for name, java in _CERTIFICATES.items()}
_MECHANISM = ("sasl.mechanisms", "sasl.mechanism")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SIGN_IN = ("sasl.username", "sasl.password")
# Options of librdkafka's sockets that Java's client does not have.
_LIBRDKAFKA_ONLY = ("broker.address.family", "socket.keepalive.enable")

KNOWN = frozenset(
    {
        *_SAME, *_RENAMED, *_PEM_FILES, *_PEM_TEXTS, *_MECHANISM, *_SIGN_IN, *_LIBRDKAFKA_ONLY,
        "security.protocol", "ssl.endpoint.identification.algorithm",
    }
)  # fmt: skip


def check(options: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with each option, by name, as `what; fix`; empty if Flink can use all of them."""
    faults = {}
    for name, value in options.items():
        if _CONTROL.search(value):
            faults[name] = "the value contains a control character; put it in a file, and write ${file:PATH}"
            continue
        try:
            _translated(name, value)
        except ValueError as error:
            faults[name] = str(error)
    if used := [name for name in (*_MECHANISM, *_SIGN_IN) if name in options]:
        required = {_SIGN_IN[0]: True, _SIGN_IN[1]: True, _MECHANISM[0]: not options.keys() & {*_MECHANISM}}
        for name in (name for name, is_needed in required.items() if is_needed and name not in options):
            faults.setdefault(used[0], f"'{used[0]}' needs '{name}'; add '{name}:'")
    return faults


def for_flink(options: Mapping[str, str]) -> dict[str, str]:
    """Return the options of Flink's Kafka tables without their prefix `properties.`; references stay references.

    Certificates are passed as text, so that TaskManagers need no file. Raises ValueError if `check` finds a fault.
    """
    result: dict[str, str] = {}
    for name, value in options.items():
        result |= _translated(name, value)
    if mechanism := result.get("sasl.mechanism"):
        user, password = (quoted(options[name], "jaas") for name in _SIGN_IN)
        result["sasl.jaas.config"] = f'{_LOGIN[mechanism]} required username="{user}" password="{password}";'
    if "ssl.truststore.certificates" in result:
        result["ssl.truststore.type"] = "PEM"
    if "ssl.keystore.key" in result:
        result["ssl.keystore.type"] = "PEM"
    return result


def _translated(name: str, value: str) -> dict[str, str]:
    if name in _SAME:
        return {name: value}
    if name in _RENAMED:
        return {_RENAMED[name]: value}
    if name in _PEM_TEXTS:
        return {_PEM_TEXTS[name]: value}
    if name in _PEM_FILES:
        if has_reference(value):
            pem = name.replace("location", "pem")
            raise ValueError(f"this must be a path, not a reference; write the path, or give the text: {pem}")
        return {_PEM_FILES[name]: f"${{file:{value}}}"}
    if name in _MECHANISM:
        return {"sasl.mechanism": _one_of(_LOGIN, value)}
    if name == "security.protocol":
        return {name: _one_of(_PROTOCOLS, value.upper())}
    if name == "ssl.endpoint.identification.algorithm":
        return {name: _CHECKED_NAMES[_one_of(_CHECKED_NAMES, value)]}
    if name in (*_SIGN_IN, *_LIBRDKAFKA_ONLY):
        return {}
    raise ValueError(f"Flink's client has no such option; {did_you_mean(name, sorted(KNOWN), 'known')}")


def _one_of(known: Iterable[str], value: str) -> str:
    if value not in known:
        raise ValueError(f"Flink cannot use '{value}'; one of {', '.join(known)}")
    return value
