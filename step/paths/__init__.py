"""Every path of a machine: those that executions took, those that are left, and what a change does to them.

Works on definitions, histories and kernels alone; users' handlers come through ports.
"""
