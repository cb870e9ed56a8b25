namespace AnnDataCache.Cli.Plots;

/// <summary>Draws a bitmap: every shape is a polygon whose edges are soft.</summary>
internal sealed class RasterCanvas(double width, double height) : Canvas
{
    private readonly Pixels _pixels = new((int)Math.Ceiling(width * Scale), (int)Math.Ceiling(height * Scale));

    internal override void Rectangle(double x, double y, double width, double height, Color fill) =>
        Fill([[Point(x, y), Point(x + width, y), Point(x + width, y + height), Point(x, y + height)]], fill);

    internal override void Line(double x1, double y1, double x2, double y2, Color color, double width = 1)
    {
        double length = Math.Sqrt(((x2 - x1) * (x2 - x1)) + ((y2 - y1) * (y2 - y1)));
        if (length == 0) { return; }
        (double across, double down) = ((y2 - y1) / length * width / 2, (x1 - x2) / length * width / 2);
        Fill(
            [[Point(x1 + across, y1 + down), Point(x2 + across, y2 + down), Point(x2 - across, y2 - down), Point(x1 - across, y1 - down)]],
            color);
    }

    internal override void Circle(double x, double y, double radius, Color fill) =>
        _pixels.Disc(x * Scale, y * Scale, radius * Scale, fill);

    internal override void Text(
        string text, double x, double y, double size, Align align = Align.Start, bool upwards = false, bool halo = false)
    {
        double shift = align switch { Align.Start => 0, Align.Middle => -Font.Width(text, size) / 2, _ => -Font.Width(text, size) };
        (float X, float Y) Place((float X, float Y) point, double right, double down) => upwards
            ? Point(x + point.Y + right, y - point.X - shift + down)
            : Point(x + point.X + shift + right, y + point.Y + down);
        (float X, float Y)[][] outlines = [.. Font.Outlines(text, size)];
        for (int step = 0; halo && step < 12; step++)
        {
            (double down, double right) = Math.SinCos(step * Math.PI / 6);
            Fill([.. outlines.Select(contour => contour.Select(point => Place(point, 1.5 * right, 1.5 * down)).ToArray())], Color.White);
        }

        Fill([.. outlines.Select(contour => contour.Select(point => Place(point, 0, 0)).ToArray())], Color.Ink);
    }

    internal override void Picture(double x, double y, double width, double height, Pixels pixels)
    {
        (int left, int top) = ((int)Math.Round(x * Scale), (int)Math.Round(y * Scale));
        for (int row = 0; row < pixels.Height && top + row < _pixels.Height; row++)
        {
            int count = Math.Min(pixels.Width, _pixels.Width - left);
            pixels.Bytes.AsSpan(3 * row * pixels.Width, 3 * count).CopyTo(_pixels.Bytes.AsSpan(3 * (((top + row) * _pixels.Width) + left)));
        }
    }

    internal override byte[] Finish() => Png.Encode(_pixels);

    private static (float X, float Y) Point(double x, double y) => ((float)(x * Scale), (float)(y * Scale));

    private void Fill((float X, float Y)[][] contours, Color color) => PolygonFill.Fill(_pixels, contours, color);
}
