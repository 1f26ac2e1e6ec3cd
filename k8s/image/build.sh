#!/usr/bin/env bash
# Sets the copy of the project that this script is in up as the image holds it: what jobs and commands need, no more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
what=setup
[[ -z ${OPENLINEAGE-} ]] || what=openlineage
HEADRACE_LOCK=k8s/image/requirements.lock ./run $what
# Those of flink and plugins are linked into its home; the others are for machines without a broker of their own.
find .headrace/jars -mindepth 1 -maxdepth 1 ! -name flink ! -name plugins -exec rm -r {} +
