"""The rest of AWS on one machine: moto in process behind one door, corrected and kept on disk."""

from step.local.cloud.cloud import Cloud

__all__ = ["Cloud"]
