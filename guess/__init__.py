"""From the source of an app to a first inventory: `./dev try DIRECTORY [HOST]`.

It runs nothing of the app. ``source`` reads what the Python files say, ``variables`` makes
variables of the role of it, ``inventory`` writes them.
"""
