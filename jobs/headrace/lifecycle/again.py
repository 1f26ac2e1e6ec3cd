"""`python -m headrace.lifecycle.again`: how every release, old or new, is asked to start a job.

A rollback runs the release's own tree in a process of its own, so this path is a protocol: it may not move.
"""

from headrace.operations.lifecycle.run_release import main

if __name__ == "__main__":
    main()
