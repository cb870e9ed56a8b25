"""Components, as plain values."""


def Div(children=(), **members):
    return ("Div", children, members)


def Pre(children=(), **members):
    return ("Pre", children, members)
