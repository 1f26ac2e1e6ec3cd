"""What should run on a cluster against what runs there, and the steps from the one to the other."""

from headrace.operations.deploy.actions import Action, plan
from headrace.operations.deploy.execute import Outcome, execute, verdict
from headrace.operations.deploy.validate import validate

__all__ = ["Action", "Outcome", "execute", "plan", "validate", "verdict"]
