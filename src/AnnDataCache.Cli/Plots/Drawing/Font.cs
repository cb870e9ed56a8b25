using System.Buffers.Binary;

namespace AnnDataCache.Cli.Plots;

/// <summary>DejaVu Sans as polygons, made by <c>Fonts/generate.py</c>: no font of the machine is needed.</summary>
internal static class Font
{
    /// <summary>Families of an SVG's text: widths are measured with the first one, which is the widest.</summary>
    internal const string Families = "DejaVu Sans, Verdana, Arial, Helvetica, sans-serif";

    private const float Em = 1024;

    private static readonly Lazy<Dictionary<char, Glyph>> s_glyphs = new(Read);

    /// <summary>Width of a text.</summary>
    internal static double Width(string text, double size) => text.Sum(letter => (double)Find(letter).Advance) * size / Em;

    /// <summary>Outlines of a text whose baseline starts at the origin; y points down.</summary>
    internal static IEnumerable<(float X, float Y)[]> Outlines(string text, double size)
    {
        double scale = size / Em, start = 0;
        foreach (char letter in text)
        {
            Glyph glyph = Find(letter);
            foreach ((short X, short Y)[] contour in glyph.Contours)
            {
                double left = start;
                yield return [.. contour.Select(point => ((float)(left + (point.X * scale)), (float)(-point.Y * scale)))];
            }

            start += glyph.Advance * scale;
        }
    }

    private static Glyph Find(char letter) => s_glyphs.Value.TryGetValue(letter, out Glyph? glyph) ? glyph : s_glyphs.Value['\0'];

    private static Dictionary<char, Glyph> Read()
    {
        using Stream stream = typeof(Font).Assembly.GetManifestResourceStream("sans.outlines")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        Dictionary<char, Glyph> glyphs = [];
        int at = 6;
        ushort Number() => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan((at += 2) - 2));
        for (int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(4)); count > 0; count--)
        {
            (char letter, ushort advance) = ((char)Number(), Number());
            (short, short)[][] contours = new (short, short)[bytes[at++]][];
            for (int i = 0; i < contours.Length; i++)
            {
                contours[i] = new (short, short)[bytes[at++]];
                foreach (ref (short X, short Y) point in contours[i].AsSpan()) { point = ((short)Number(), (short)Number()); }
            }

            glyphs.Add(letter, new Glyph(advance, contours));
        }

        return glyphs;
    }

    private sealed record Glyph(ushort Advance, (short X, short Y)[][] Contours);
}
