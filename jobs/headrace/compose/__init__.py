"""Compose a job's files into the text of every statement that Flink gets.

Templates, contracts and settings are composed into the CREATE, SELECT and INSERT statements of one job, with the line
of the template behind each line of SQL. This room does not start Flink, connects to no service, and does not know
whether the job runs.
"""
