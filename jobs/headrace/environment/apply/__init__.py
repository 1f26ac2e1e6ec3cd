"""Make the tables and topics of an environment match the project's files.

The files and the stored metadata come in; the steps between them go out, or the reasons why one is unsafe. Each table
changes in one transaction, and the package never touches stored rows.
"""
