# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The decisions of a deploy: values in, values out, no I/O.

``places`` names every file and unit of an app on a host. ``app`` turns the checked variables into
what the later steps need. ``plan`` compares a release with what is on the host and says what has to
happen; ``retention`` says which releases stay there, also for the drain. ``install`` lists the
commands that fill a virtual environment. ``proof`` says which streams are measured, at which
layers, and what the results mean. ``lock`` knows who holds a deploy. ``outcome`` writes the
sentences that a person reads in the end.
"""
