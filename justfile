set shell := ["bash", "-euc"]
set positional-arguments

# Show the recipes
_default:
    @just --list --unsorted

# Set up .venv and .headrace where that is still to do
[group('set-up')]
setup:
    ./run setup

# Pin the Python packages anew, with hashes, from pyproject.toml
[group('set-up')]
lock: setup
    .venv/bin/uv lock
    .venv/bin/uv export --no-emit-project --all-groups --all-extras --no-header --no-annotate -o requirements.lock >/dev/null
    .venv/bin/uv export --no-emit-project --no-dev --group build --no-header --no-annotate -o k8s/image/requirements.lock >/dev/null
    rm uv.lock

# Fetch the jars that pom.xml names now, and write down their sums
[group('set-up')]
jars:
    ./run jars

# Start Kafka and Flink on this machine
[group('platform')]
up:
    ./run headrace local up

# Show how they are
[group('platform')]
status:
    ./run headrace local status

# Stop them; the data stay
[group('platform')]
down:
    ./run headrace local down

# Show the whole line at work on real sensor data
[group('platform')]
demo *arguments:
    ./run demo "$@"

# Run the linters and every test, as CI does
[group('checks')]
test *arguments:
    ./run test "$@"

# Run the tests that need no platform
[group('checks')]
unit *arguments: setup
    .venv/bin/pytest tests/unit tests/golden "$@"

# Run the tests on a real broker and cluster
[group('checks')]
integration *arguments: setup
    .venv/bin/pytest tests/integration tests/faults "$@"

# Run the linters
[group('checks')]
lint:
    ./run lint

# Put the code into the house's form
[group('checks')]
fmt: setup
    .venv/bin/ruff check --fix
    .venv/bin/ruff format

# Measure: `just bench ingest`, `just bench query`
[group('checks')]
bench name *arguments: setup
    PYTHONPATH=tests .venv/bin/python -m "bench.$1" "${@:2}"

# List what the image holds, package by package and jar by jar, as CycloneDX: .headrace/sbom
[group('checks')]
sbom: setup
    mkdir -p .headrace/sbom
    .venv/bin/cyclonedx-py requirements k8s/image/requirements.lock --pyproject pyproject.toml -o .headrace/sbom/python.cdx.json
    mvn -q -B -Pflink,plugins org.cyclonedx:cyclonedx-maven-plugin:2.9.1:makeBom -DoutputDirectory=.headrace/sbom -DoutputName=jars.cdx -DoutputFormat=json
