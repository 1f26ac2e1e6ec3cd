"""The local platform: Apache Kafka and a Flink session cluster on this machine, for work and for tests.

A project comes in; the addresses of running services and their status go out. The services know nothing of jobs. The
example under `demo` is the only part that knows a domain, and only `headrace demo` uses it.
"""

from headrace.local.platform import Endpoints, ServiceStatus, down, status, up

__all__ = ["Endpoints", "ServiceStatus", "down", "status", "up"]
