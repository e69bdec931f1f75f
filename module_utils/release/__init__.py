# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The source of a release, and the release's id.

``scan`` lists a source, ``describe`` reads the source, ``archive`` packs it. ``errors`` says what
is wrong with a source. ``identity`` computes the id from the source's digest, the other parts and
the secrets; the action plugin ``stream_plan`` lists the parts. Owner, times, umask and location of
the source never matter.
"""
