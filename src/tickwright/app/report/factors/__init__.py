"""The page of stored factors.

`views` gathers what is shown, `day` the pattern of the day, `figures` and `day_figures` draw, `tables` lists, `page`
puts it together.
"""
