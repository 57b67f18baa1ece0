"""The Amazon States Language: its model, and its expressions as functions ``(value, scope) -> value``.

Pure: no clock, no IO, and no knowledge of the engine that evaluates the expressions.
"""
