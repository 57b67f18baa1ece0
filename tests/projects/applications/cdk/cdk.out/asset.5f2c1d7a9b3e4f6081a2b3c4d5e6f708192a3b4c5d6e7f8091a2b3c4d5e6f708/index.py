import os


def handler(event, context):
    return {"paid": True, "id": f"{os.environ['TABLE']}-1"}
