"""Reduce the readings of tags to those that a trend has to show.

Points and the number of pixels or points to draw come in; tables of the readings to draw, or pictures of them, go out.
Nothing here knows who draws them: a page, a terminal or a data frame.
"""
