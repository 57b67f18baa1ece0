"""The rules of the Amazon States Language, a module per subject; ``step.asl.validate`` applies them.

Pure: no clock, no IO. Rules see a document that is JSON and otherwise anything; they never raise.
"""
