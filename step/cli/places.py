"""The arguments that say which AWS is meant, shared by the commands that ask it.

Knows no service.
"""

from __future__ import annotations

import argparse

from step.aws.connection import Aws, AwsPlace

PLACE = "which AWS"


def add_place_arguments(parser: argparse.ArgumentParser) -> None:
    place = parser.add_argument_group(
        PLACE,
        "Without --endpoint: AWS_ENDPOINT_URL; with ENV=local the running local service; else AWS itself.",
    )
    place.add_argument("--endpoint", metavar="URL", help="where the service is, as `step serve` prints it")
    place.add_argument("--region", help="the region (default: the environment's or the profile's)")
    place.add_argument("--profile", help="the profile of ~/.aws/config")


def aws_of(options: argparse.Namespace) -> Aws:
    """Say which AWS the options mean."""
    return Aws(AwsPlace(endpoint=options.endpoint, region=options.region, profile=options.profile))
