# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the role's variables may be: each problem becomes one sentence.

Names, types, choices and defaults come from the role's argument_specs, and ``check`` walks through
it. What a spec cannot say is in tables: ``rules`` (one value), which are made of ``forms``;
``managed`` (names that have a variable of their own); ``cross`` (several variables). ``kinds`` has
the types, ``allowed`` says what may stand at a ``place``, and ``words`` are what the sentences are
made of. Pure: values in, sentences out.
"""
