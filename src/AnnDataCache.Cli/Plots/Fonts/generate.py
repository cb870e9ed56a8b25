#!/usr/bin/python3
"""Make sans.outlines, the outlines of DejaVu Sans' Latin, Greek and a few other letters as polygons.

    u16 units of an em, u16 ascent, u16 glyphs, then for each glyph in the order of its character:
    u16 character, u16 advance, u8 contours, and for each contour: u8 points, of i16 x, i16 y (up)

Little-endian. The first glyph, character 0, is the box for letters that are missing. Needs Debian's python3-fonttools and
fonts-dejavu-core; the font's licence is in LICENSE.
"""
import pathlib
import struct

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont

EM = 1024
CHARACTERS = [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x391, 0x3CA), *map(ord, "–—‘’“”•…→←−×≤≥≈∞₀₁₂₃₄₅₆₇₈₉⁺⁻")]


class Polygons(BasePen):
    """Collects contours; curves become few enough chords that no text of a figure shows them."""

    def __init__(self, glyphs, scale):
        super().__init__(glyphs)
        self.contours, self._scale = [], scale

    def _moveTo(self, point):
        self.contours.append([point])

    def _lineTo(self, point):
        self.contours[-1].append(point)

    def _qCurveToOne(self, control, end):
        start, steps = self.contours[-1][-1], 5
        for t in (i / steps for i in range(1, steps + 1)):
            self.contours[-1].append(
                tuple((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c for a, b, c in zip(start, control, end))
            )

    def rounded(self):
        for contour in self.contours:
            points = [tuple(round(v * self._scale) for v in point) for point in contour]
            points = [p for i, p in enumerate(points) if p != points[i - 1]]
            if len(points) > 2:
                yield points


def main():
    font = TTFont("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
    glyphs, names, scale = font.getGlyphSet(), font.getBestCmap(), EM / font["head"].unitsPerEm
    wanted = [(0, ".notdef")] + [(c, names[c]) for c in sorted(set(CHARACTERS)) if c in names]
    data = struct.pack("<3H", EM, round(font["hhea"].ascent * scale), len(wanted))
    for character, name in wanted:
        pen = Polygons(glyphs, scale)
        glyphs[name].draw(pen)
        contours = list(pen.rounded())
        data += struct.pack("<HHB", character, round(glyphs[name].width * scale), len(contours))
        for points in contours:
            data += struct.pack(f"<B{2 * len(points)}h", len(points), *(v for point in points for v in point))
    pathlib.Path(__file__).with_name("sans.outlines").write_bytes(data)


if __name__ == "__main__":
    main()
