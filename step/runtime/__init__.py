"""Drivers of the kernel, and who does the work of tasks."""
