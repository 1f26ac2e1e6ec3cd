"""The local platform: Apache Kafka and a Flink session cluster on this machine, for work and for tests.

The package starts and stops the services of a project, and returns their addresses and their status. The services do
not depend on jobs. The example in `demo` is the only part about one domain, and only `headrace demo` uses it.
"""

from headrace.local.platform import Endpoints, ServiceStatus, down, status, up

__all__ = ["Endpoints", "ServiceStatus", "down", "status", "up"]
