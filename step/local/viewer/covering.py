"""What the newest executions of a machine took of it, as a page."""

from __future__ import annotations

from step.local.viewer.catalogue import Catalogue, read_definition
from step.local.viewer.listing import Listing
from step.local.viewer.source import ExecutionSource
from step.machine.report import asset
from step.paths.coverage import Coverage
from step.paths.coverage_page import coverage_page
from step.paths.coverage_report import CoveredMachine


def covering_page(
    source: ExecutionSource, catalogue: Catalogue, listing: Listing, machine: str, *, most: int
) -> tuple[str, str]:
    """Name a machine, and write the page of what at most so many of its executions took.

    Raises:
        Refused: there is no such machine.
    """
    about = source.call("DescribeStateMachine", {"stateMachineArn": machine})
    coverage = Coverage(read_definition(about["definition"]))
    for row in listing.executions(machine=machine, limit=most)["executions"]:
        coverage.add_events(catalogue.whole_history(row["arn"]))
    covered = CoveredMachine(name=about["name"], coverage=coverage)
    return str(about["name"]), coverage_page(covered, css=asset("document.css"))
