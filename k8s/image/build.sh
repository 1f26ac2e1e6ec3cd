#!/usr/bin/env bash
# Sets up this copy of the project for the image: only what jobs and commands need.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
what=setup
[[ -z ${OPENLINEAGE-} ]] || what=openlineage
HEADRACE_LOCK=k8s/image/requirements.lock ./run $what
# Flink's home links to flink and plugins; the other jars are services for machines that have none.
find .headrace/jars -mindepth 1 -maxdepth 1 ! -name flink ! -name plugins -exec rm -r {} +
