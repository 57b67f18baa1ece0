"""The command ``step``."""
