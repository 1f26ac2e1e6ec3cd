#!/usr/bin/env bash
# Started by the operator in the cluster's pods, with `jobmanager` or `taskmanager` and arguments for Flink's script.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export FLINK_HOME=$root/.headrace/flink FLINK_CONF_DIR=${FLINK_CONF_DIR:-$root/conf} FLINK_LOG_DIR=/tmp
exec "$FLINK_HOME/bin/$1.sh" start-foreground "${@:2}"
