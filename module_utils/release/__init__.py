# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""A release is named by what it is made of: its source, its other parts and its secrets.

``scan`` lists a source, ``describe`` reads it, ``archive`` packs it, ``identity`` makes the name.
Owner, times, umask and place of the source never matter. ``errors`` says what is wrong with a
source.
"""
