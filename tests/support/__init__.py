"""What tests share: worlds to act in, services to start, commands to run."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The project under test."""
