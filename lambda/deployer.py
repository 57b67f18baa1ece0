"""Deploy projects, this one too: the handlers of ``states/deployer.asl.json``, over AWS."""

from aws_lambda_powertools import Logger

from step.aws.deployer import ports_of_environment
from step.deployer.handlers import make_handlers

handlers = make_handlers(ports_of_environment, logger=Logger(service="step-deployer"))
