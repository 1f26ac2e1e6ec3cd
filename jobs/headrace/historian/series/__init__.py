"""Readings, qualities, intervals and times as arrays, which every query uses.

Texts, datetimes and unsorted arrays come in; sorted points, cells and StatusCodes go out as NumPy arrays. Nothing here
knows where readings are stored, which aggregate is calculated, or how an answer is presented.
"""
