# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The decisions of a deploy: values in, values out, no I/O.

In the order of a deploy:

- ``app`` turns the checked variables into the form that the later steps need.
- ``places`` names every file and unit of an app on a host.
- ``paths`` says where an app is on its server: at a path, and perhaps in the site of another app.
- ``lock`` describes the holder of a deploy's lock, and tells whether the holder is gone.
- ``plan`` compares a release with the host: what to build, drain and remove.
- ``process`` writes the units of the background processes.
- ``retention`` decides which releases stay on a host. The drain uses the same file.
- ``install`` lists the commands that fill a release's virtual environment; ``environment`` writes
  the environment files of the app and of its build.
- ``nginx`` knows what the Nginx of each distribution can do.
- ``proof`` decides which streams to measure, at which layers, who may read the probe's token, and
  what the results mean.
- ``outcome`` writes the last message of a deploy: a report, or why the deploy failed.

The release's id comes from ``module_utils/release``.
"""
