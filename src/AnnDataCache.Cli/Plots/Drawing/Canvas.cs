namespace AnnDataCache.Cli.Plots;

/// <summary>Where a text stands relative to its point.</summary>
internal enum Align
{
    Start,
    Middle,
    End,
}

/// <summary>What figures draw on: units are CSS pixels, y points down.</summary>
internal abstract class Canvas
{
    internal abstract void Rectangle(double x, double y, double width, double height, Color fill);

    internal abstract void Line(double x1, double y1, double x2, double y2, Color color, double width = 1);

    internal abstract void Circle(double x, double y, double radius, Color fill);

    /// <param name="text">One line.</param>
    /// <param name="x">Where the text starts, has its middle or ends.</param>
    /// <param name="y">Its baseline.</param>
    /// <param name="size">Height of the font.</param>
    /// <param name="align">Where the point is in the text.</param>
    /// <param name="upwards">True to write from bottom to top.</param>
    /// <param name="halo">True for a white edge, on busy ground.</param>
    internal abstract void Text(
        string text, double x, double y, double size, Align align = Align.Start, bool upwards = false, bool halo = false);

    /// <summary>A picture that fills a rectangle; it has <see cref="Scale"/> pixels a unit.</summary>
    internal abstract void Picture(double x, double y, double width, double height, Pixels pixels);

    /// <summary>Pixels of a unit in pictures and bitmaps: two are sharp on dense screens and in print.</summary>
    internal const int Scale = 2;

    internal void Frame(double x, double y, double width, double height)
    {
        Line(x, y, x + width, y, Color.Frame);
        Line(x, y + height, x + width, y + height, Color.Frame);
        Line(x, y, x, y + height, Color.Frame);
        Line(x + width, y, x + width, y + height, Color.Frame);
    }

    internal abstract byte[] Finish();
}
