BUDGET = 100


def affordable(price, most):
    return min(BUDGET // price, most)
