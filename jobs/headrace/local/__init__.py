"""The local platform: Apache Kafka and a Flink session cluster on this machine, for work and for tests."""

from headrace.local.platform import Endpoints, ServiceStatus, down, status, up

__all__ = ["Endpoints", "ServiceStatus", "down", "status", "up"]
