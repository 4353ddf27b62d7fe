"""What is learned: data sets, images of one's own, small patterns, the arm.

May import: paths.
"""
