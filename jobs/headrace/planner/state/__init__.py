"""What becomes of a job's state when the job changes: told before anything stops, and made so by the operators' ids."""
