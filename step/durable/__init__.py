"""Executions that outlive processes and versions of step: journal, replay, time, tokens, what is open."""
