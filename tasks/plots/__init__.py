"""Pictures for reports; the only importer of matplotlib."""

from tasks.plots.calendar import calendar_picture
from tasks.plots.days import Strip, availability_picture
from tasks.plots.disks import MOST_DISKS, disks_picture
from tasks.plots.heatmap import MOST_HOSTS, heatmap_picture
from tasks.plots.incidents import incidents_picture
from tasks.plots.pen import PlotError
from tasks.plots.response import response_picture

__all__ = [
    "MOST_DISKS",
    "MOST_HOSTS",
    "PlotError",
    "Strip",
    "availability_picture",
    "calendar_picture",
    "disks_picture",
    "heatmap_picture",
    "incidents_picture",
    "response_picture",
]
