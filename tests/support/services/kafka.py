"""A Kafka broker as plants run it: mutual TLS with its own certificate authority, and passwords by SCRAM."""

from __future__ import annotations

import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import trustme
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from headrace.local.layout import java
from support.services.processes import HOST, free_ports, serving

USER = "plant"
MECHANISM = "SCRAM-SHA-512"


@contextmanager
def kafka(jars: Path, folder: Path, password: Path, key: Path) -> Iterator[dict[str, str]]:
    """Run a broker that requires USER's password, read from a file, and a certificate, whose key it writes to `key`.

    Yields librdkafka's options for it, with both secrets by reference.
    """
    folder.mkdir()
    outside, inside, controller = free_ports(3)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    server, client = authority.issue_cert(HOST), authority.issue_cert(USER)
    (folder / "server.pem").write_bytes(_key(server) + _chain(server))
    (folder / "client.pem").write_bytes(_chain(client))
    key.write_bytes(_key(client))
    settings = folder / "server.properties"
    settings.write_text(
        "".join(
            f"{key}={value}\n"
            for key, value in {
                "process.roles": "broker,controller",
                "node.id": 1,
                "listeners": f"PLANT://{HOST}:{outside},BROKER://{HOST}:{inside},CONTROLLER://{HOST}:{controller}",
                "listener.security.protocol.map": "PLANT:SASL_SSL,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
                "inter.broker.listener.name": "BROKER",
                "controller.listener.names": "CONTROLLER",
                "controller.quorum.bootstrap.servers": f"{HOST}:{controller}",
                "sasl.enabled.mechanisms": MECHANISM,
                f"listener.name.plant.{MECHANISM.lower()}.sasl.jaas.config": (
                    "org.apache.kafka.common.security.scram.ScramLoginModule required;"
                ),
                "ssl.keystore.type": "PEM",
                "ssl.keystore.location": folder / "server.pem",
                "ssl.truststore.type": "PEM",
                "ssl.truststore.location": folder / "ca.pem",
                # For a SASL listener, Kafka ignores the broker-wide setting and requires this one.
                "listener.name.plant.ssl.client.auth": "required",
                "log.dirs": folder / "data",
                "log.retention.ms": -1,
                "message.max.bytes": 16 * 2**20,
                "auto.create.topics.enable": "false",
                "offsets.topic.replication.factor": 1,
                "offsets.topic.num.partitions": 4,
                "transaction.state.log.replication.factor": 1,
                "transaction.state.log.min.isr": 1,
                "transaction.state.log.num.partitions": 4,
                "group.initial.rebalance.delay.ms": 0,
            }.items()
        )
    )
    run = [java(), "-Xmx512m", "-cp", f"{jars}/*"]
    cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    known = f"{MECHANISM}=[name={USER},password={password.read_text()}]"
    form = [*run, "kafka.tools.StorageTool", "format", "--standalone", "--config", str(settings), "--add-scram", known]
    subprocess.run([*form, f"--cluster-id={cluster}"], check=True, capture_output=True, timeout=60)
    options = {
        "bootstrap.servers": f"{HOST}:{outside}",
        "security.protocol": "sasl_ssl",
        "sasl.mechanisms": MECHANISM,
        "sasl.username": USER,
        "sasl.password": f"${{file:{password}}}",
        "ssl.ca.location": str(folder / "ca.pem"),
        "ssl.certificate.location": str(folder / "client.pem"),
        "ssl.key.pem": f"${{file:{key}}}",
    }
    signed_in = {**options, "sasl.password": password.read_text(), "ssl.key.pem": key.read_text(), "log_level": 0}
    with serving([*run, "kafka.Kafka", str(settings)], folder / "log", lambda: _answers(signed_in)):
        yield options


def _key(issued: trustme.LeafCert) -> bytes:
    """Return the key as PKCS 8, the only form that Java reads; trustme writes OpenSSL's older form."""
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _chain(issued: trustme.LeafCert) -> bytes:
    return b"".join(blob.bytes() for blob in issued.cert_chain_pems)


def _answers(client: Mapping[str, object]) -> bool:
    try:
        return bool(AdminClient(dict(client)).list_topics(timeout=2).brokers)
    except KafkaException:
        return False
