import os

import prices


def lambda_handler(event, context):
    bought = prices.affordable(event["price"], event["most"])
    return {"id": f"{os.environ['STAGE']}-1", "qty": str(bought), "fee": os.environ["FEE"]}
