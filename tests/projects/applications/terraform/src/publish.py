import os


def handler(event, context):
    return {"published": f"{event['id']} in {os.environ['ENVIRONMENT']}"}
