"""What a run leaves for people: one HTML file that needs nothing else, pictures, comparisons."""

from ganzoo.report.compare import Comparison, compare
from ganzoo.report.report import ANIMATION, PLOTS, REPORT, leave, plot, report

__all__ = ["ANIMATION", "PLOTS", "REPORT", "Comparison", "compare", "leave", "plot", "report"]
