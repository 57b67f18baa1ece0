def test_a_cheap_stock_is_bought(load_machine):
    trader = load_machine("template.yaml#StockTradingStateMachine")

    execution = trader.execute({"price": 20})

    assert execution.status == "SUCCEEDED"
    assert execution.output["qty"] == "5"
    assert [one.status for one in execution.started] == ["SUCCEEDED"]


def test_a_dear_stock_is_not(load_machine):
    trader = load_machine("template.yaml#StockTradingStateMachine", parameters={"Stage": "prod"})

    execution = trader.execute({"price": 51})

    assert execution.error == "TooDear"
