"""What the market's pictures are drawn with: flat SVG, one module for each kind of thing.

The pictures use shapes and text only. No style, no script, no id, no url(), nothing that refers to anything:
the strictest sanitiser lets them through unchanged.
"""
