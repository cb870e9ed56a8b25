"""Components, as plain values."""


def Dropdown(options=(), **members):
    return ("Dropdown", len(options), members)
