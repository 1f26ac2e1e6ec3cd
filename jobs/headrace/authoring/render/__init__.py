"""`headrace render`: a job's statements as text, in the order in which Flink gets them.

The package reads the job's files and an environment, and returns the statements or their diff against a git ref.
Secrets are masked before anything is rendered, and Flink is not needed: the columns of a SELECT are read from its text.
"""
