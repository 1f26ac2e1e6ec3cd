"""What should run on a cluster against what runs there, and the steps from the one to the other."""

from headrace.deploy.actions import Action, plan
from headrace.deploy.carry_out import Outcome, carry_out, verdict
from headrace.deploy.refusal import refuse

__all__ = ["Action", "Outcome", "carry_out", "plan", "refuse", "verdict"]
