set shell := ["bash", "-euc"]
set positional-arguments

# Show the recipes
_default:
    @just --list --unsorted

# Set up .venv and .headrace if that is still to do
[group('set-up')]
setup:
    ./run setup

# Pin the Python packages of pyproject.toml again, with hashes
[group('set-up')]
lock: setup
    .venv/bin/uv lock
    .venv/bin/uv export --no-emit-project --all-groups --all-extras --no-header --no-annotate -o requirements.lock >/dev/null
    .venv/bin/uv export --no-emit-project --no-dev --group build --extra onnx --no-header --no-annotate -o k8s/image/requirements.lock >/dev/null
    rm uv.lock

# Fetch the jars that pom.xml names, and write their sums to jars.sha256
[group('set-up')]
jars:
    ./run jars

# Start Kafka and Flink on this machine
[group('platform')]
up:
    ./run headrace local up

# Show their state
[group('platform')]
status:
    ./run headrace local status

# Stop them; the data stays
[group('platform')]
down:
    ./run headrace local down

# Run real sensor data through the whole pipeline
[group('platform')]
demo *arguments:
    ./run demo "$@"

# Store what Sparkplug nodes publish over MQTT, and compare
[group('platform')]
demo-sparkplug: setup
    PYTHONPATH=tests .venv/bin/python -m support.sparkplug.demo

# Run the linters and every test, as CI does
[group('checks')]
test *arguments:
    ./run test "$@"

# Run the tests that need no service: unit, golden
[group('checks')]
unit *arguments: setup
    .venv/bin/pytest tests/unit tests/golden "$@"

# Run the cases of all jobs, new jobs and faulty ones, on Flink in a process
[group('checks')]
jobs *arguments: setup
    .venv/bin/pytest tests/jobs tests/broken "$@"

# Run the tests on a real broker and cluster; name files to run only those
[group('checks')]
integration *arguments: setup
    if (($#)); then .venv/bin/pytest "$@"; else .venv/bin/pytest tests/integration --numprocesses 2 --dist loadfile --no-loadscope-reorder; fi

# Kill and freeze real processes while records flow
[group('checks')]
faults *arguments: setup
    .venv/bin/pytest tests/faults "$@"

# Run the long proofs that `just test` leaves out, before a release
[group('checks')]
proofs *arguments: setup
    .venv/bin/pytest -m proof --numprocesses 2 --dist loadfile --no-loadscope-reorder --timeout 1800 "$@"

# Repeat ten times what the tests do twice: kills, upgrades, bounded runs
[group('checks')]
soak *arguments: setup
    .venv/bin/pytest tests/integration tests/faults -m repeated --soak --timeout 1800 "$@"

# Run the linters
[group('checks')]
lint:
    ./run lint

# Format the code
[group('checks')]
fmt: setup
    .venv/bin/ruff check --fix
    .venv/bin/ruff format

# Measure against rivals: `just bench ingest`, `query`, `scoring`; or costs: `score_cost`, `levers`, `formats`, `scaling`, `latency`, `frequency`, `windows`, `columns`
[group('checks')]
bench name *arguments: setup
    PYTHONPATH=tests .venv/bin/python -m "bench.$1" "${@:2}"

# Build the documentation site into .site; a link that leads nowhere fails
[group('docs')]
docs: setup
    NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --clean
    @echo ".site/README.html"

# Run jobs of the gallery on their data and judge them: `just gallery NAME...`, `just gallery all`; without a name, list them
[group('checks')]
gallery *names: setup
    PYTHONPATH=tests .venv/bin/python -m gallery "$@"

# Write the pages and pictures that are generated from the code: commands, macros, rooms, JSON schemas
[group('docs')]
generate: setup
    .venv/bin/python -m headrace.cli.reference > docs/commands.md
    PYTHONPATH=tests .venv/bin/python -m support.macro_fixtures > docs/macros.md
    .venv/bin/python docs/site/rooms.py
    .venv/bin/headrace schemas --write

# Draw the pictures of docs/demo-year.md from the tables that the demo has filled
[group('docs')]
demo-pictures: setup
    .venv/bin/python docs/site/demo_pictures.py

# Look up the known vulnerabilities of every pinned Python package; docs/accepted-advisories.txt has the accepted ones
[group('checks')]
audit: setup
    accepted=$(sed -n 's/^\([A-Z][^ ]*\) .*/--ignore-vuln \1/p' docs/accepted-advisories.txt); \
    for lock in requirements.lock k8s/image/requirements.lock; do \
        .venv/bin/uvx pip-audit@2.10.1 --strict --require-hashes --disable-pip --progress-spinner off -r "$lock" $accepted; \
    done

# Compare the jars that the set-up has fetched with jars.sha256 again: the set-up itself trusts what it has made
[group('checks')]
verify: setup
    cd .headrace/jars && grep -v ' openlineage/' ../../jars.sha256 | sha256sum --check --quiet --strict && echo "the jars are those of jars.sha256"

# List what the image holds, package by package and jar by jar, as CycloneDX: .headrace/sbom
[group('checks')]
sbom: setup
    mkdir -p .headrace/sbom
    .venv/bin/cyclonedx-py requirements k8s/image/requirements.lock --pyproject pyproject.toml -o .headrace/sbom/python.cdx.json
    mvn -q -B -Pflink,plugins org.cyclonedx:cyclonedx-maven-plugin:2.9.1:makeBom -DoutputDirectory=.headrace/sbom -DoutputName=jars.cdx -DoutputFormat=json
