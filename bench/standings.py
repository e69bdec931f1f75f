def table(raw): return ""
