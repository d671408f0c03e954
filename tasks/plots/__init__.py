"""Pictures for reports; the only importer of matplotlib."""

from tasks.plots.calendar import calendar_picture
from tasks.plots.days import Strip, availability_picture
from tasks.plots.heatmap import MOST_HOSTS, heatmap_picture
from tasks.plots.pen import PlotError
from tasks.plots.response import response_picture

__all__ = [
    "MOST_HOSTS",
    "PlotError",
    "Strip",
    "availability_picture",
    "calendar_picture",
    "heatmap_picture",
    "response_picture",
]
