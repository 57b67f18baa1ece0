def lambda_handler(event, context):
    return {"stock_price": event.get("price", 40)}
