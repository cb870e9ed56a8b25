namespace AnnDataCache.Cli.Plots;

/// <summary>Fills polygons with soft edges. Holes are contours that turn the other way, as fonts have them.</summary>
/// <remarks>
/// Each edge adds the signed area to its right to the pixels that it crosses; the running sum along a row is then how much of
/// a pixel is inside. That is exact for polygons that do not overlap themselves.
/// </remarks>
internal static class PolygonFill
{
    internal static void Fill(Pixels pixels, (float X, float Y)[][] contours, Color color)
    {
        (float left, float top, float right, float bottom) = Bounds(contours);
        int x0 = Math.Max((int)Math.Floor(left), 0), x1 = Math.Min((int)Math.Ceiling(right) + 1, pixels.Width);
        int y0 = Math.Max((int)Math.Floor(top), 0), y1 = Math.Min((int)Math.Ceiling(bottom), pixels.Height);
        if (x1 <= x0 || y1 <= y0) { return; }
        int width = x1 - x0, height = y1 - y0;
        float[] areas = new float[(width * height) + 2];
        foreach ((float X, float Y)[] contour in contours)
        {
            for (int i = 0; i < contour.Length; i++)
            {
                (float X, float Y) from = contour[i], to = contour[(i + 1) % contour.Length];
                AddEdge(areas, width, height, from.X - x0, from.Y - y0, to.X - x0, to.Y - y0);
            }
        }

        for (int row = 0; row < height; row++)
        {
            float cover = 0;
            for (int column = 0; column < width; column++)
            {
                cover += areas[(row * width) + column];
                if (Math.Abs(cover) > 1 / 512f) { pixels.Blend(x0 + column, y0 + row, color, Math.Abs(cover)); }
            }
        }
    }

    private static (float Left, float Top, float Right, float Bottom) Bounds((float X, float Y)[][] contours)
    {
        (float left, float top, float right, float bottom) = (float.MaxValue, float.MaxValue, float.MinValue, float.MinValue);
        foreach ((float X, float Y)[] contour in contours)
        {
            foreach ((float x, float y) in contour)
            {
                (left, top, right, bottom) = (Math.Min(left, x), Math.Min(top, y), Math.Max(right, x), Math.Max(bottom, y));
            }
        }

        return (left, top, right, bottom);
    }

    private static void AddEdge(float[] areas, int width, int height, float x1, float y1, float x2, float y2)
    {
        if (y1 == y2) { return; }
        float direction = y1 < y2 ? 1 : -1;
        if (y1 > y2) { (x1, y1, x2, y2) = (x2, y2, x1, y1); }
        float slope = (x2 - x1) / (y2 - y1);
        for (int row = Math.Max((int)y1, 0); row < Math.Min((int)Math.Ceiling(y2), height); row++)
        {
            float upper = Math.Max(row, y1), lower = Math.Min(row + 1, y2);
            float from = Math.Clamp(x1 + ((upper - y1) * slope), 0, width - 1), to = Math.Clamp(x1 + ((lower - y1) * slope), 0, width - 1);
            AddSpan(areas.AsSpan(row * width, width + 1), (lower - upper) * direction, Math.Min(from, to), Math.Max(from, to));
        }
    }

    /// <summary>An edge within one row of pixels, from one x to another.</summary>
    private static void AddSpan(Span<float> row, float area, float from, float to)
    {
        int first = (int)from, last = (int)to;
        if (first == last)
        {
            float middle = ((from + to) / 2) - first;
            row[first] += area * (1 - middle);
            row[first + 1] += area * middle;
            return;
        }

        float perPixel = area / (to - from), before = 0;
        for (int column = first; column <= last; column++)
        {
            float left = Math.Max(from, column), right = Math.Min(to, column + 1);
            float full = (right - left) * perPixel, half = full * (1 - (((left + right) / 2) - column));
            row[column] += before + half;
            before = full - half;
        }

        row[last + 1] += before;
    }
}
