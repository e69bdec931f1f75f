# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check the role's variables; each problem becomes one sentence.

``check`` walks through the role's argument_specs, which has the names, types, choices and defaults.
Tables hold what a spec cannot express: ``rules`` for one value, built from ``forms``; ``managed``
for names that the role sets itself; ``cross`` for several variables. ``kinds`` has the types.
``allowed`` describes the values allowed at a ``place``, and ``words`` builds the sentences. Pure:
values in, sentences out.
"""
