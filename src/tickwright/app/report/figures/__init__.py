"""One module a chart; each has one function that returns a Plotly figure as a dictionary.

A trace whose `meta` names a policy is shown only while that policy is selected in its section of the page.
"""
