# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Show a diagnosis to people and programs.

``content`` is what all reports show. ``text`` is for a terminal. ``html`` is one page
(``geometry`` computes its drawings, ``svg`` draws them, ``css`` styles it). ``report`` is any
of them, or JSON.
"""
