def handler(event, context):
    return len(event["text"].split())
