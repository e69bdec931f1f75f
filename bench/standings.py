def table(raw):
    return ""
