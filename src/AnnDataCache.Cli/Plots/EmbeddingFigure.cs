namespace AnnDataCache.Cli.Plots;

/// <summary>Cells as points in the plane, coloured by a number or a category. Points are pixels, also in an SVG.</summary>
/// <remarks>
/// Missing ones lie below, in grey. Numbers are drawn in ascending order, so that expression is on top; categories in an order
/// that mixes them, so that none hides another. More categories than a reader can tell by colour also have numbers on them.
/// </remarks>
internal sealed class EmbeddingFigure(Embedding points, PointColors colors, string title) : Figure
{
    private const double Left = 40, Top = 50, Side = 480;
    private const int NumberedFrom = 9;

    private readonly CategoryLegend _legend = new(colors);

    internal override double Width => Left + Side + 24 + (colors.Categories is null ? 160 : Math.Max(_legend.Width, 100));

    internal override double Height => Top + Math.Max(Side + 40, _legend.Height + 20);

    internal override void Draw(Canvas canvas)
    {
        canvas.Text(Fit(title, TitleSize, Width - (2 * Margin)), Left, 30, TitleSize);
        canvas.Picture(Left, Top, Side, Side, Rasterize());
        canvas.Frame(Left, Top, Side, Side);
        canvas.Text(points.Titles[0], Left + (Side / 2), Top + Side + 24, TextSize, Align.Middle);
        canvas.Text(points.Titles[1], 26, Top + (Side / 2), TextSize, Align.Middle, upwards: true);
        if (colors.Categories is null) { DrawScale(canvas); }
        else
        {
            bool numbered = colors.Categories.Count >= NumberedFrom;
            if (numbered) { DrawNumbers(canvas); }
            _legend.Draw(canvas, Left + Side + 24, Top, numbered);
        }
    }

    private Pixels Rasterize()
    {
        int size = (int)Side * Canvas.Scale;
        Pixels pixels = new(size, size);
        // scanpy's rule: 120,000 square points shared by all cells; of small data sets points stay points.
        double radius = Math.Clamp(Math.Sqrt(120_000.0 / Math.Max(points.Count, 1)) / 2 * (4.0 / 3), 0.3, 3) * Canvas.Scale;
        foreach (int cell in colors.DrawingOrder())
        {
            (double x, double y) = points.Place(cell);
            if (!double.IsNaN(x)) { pixels.Disc(x * size, y * size, radius, colors.ColorOf(cell)); }
        }

        return pixels;
    }

    private void DrawScale(Canvas canvas)
    {
        double x = Left + Side + 24;
        canvas.Text(Fit(colors.Name, TextSize, 140), x, Top + 12, TextSize);
        ColorBar.Draw(canvas, x, Top + 22, 120, colors.Low, colors.High, Palette.Sequential);
        if (colors.MissingCount == 0) { return; }
        canvas.Circle(x + 6, Top + 70, 5, Color.Missing);
        canvas.Text($"missing ({Ticks.Count(colors.MissingCount)})", x + 18, Top + 74, SmallSize);
    }

    /// <summary>The legend's numbers, each at the median of its category's cells.</summary>
    private void DrawNumbers(Canvas canvas)
    {
        List<(double X, double Y)>[] places = [.. colors.Categories!.Select(_ => new List<(double, double)>())];
        for (int cell = 0; cell < points.Count; cell++)
        {
            int category = colors.CategoryOf(cell);
            (double X, double Y) place = points.Place(cell);
            if (category >= 0 && !double.IsNaN(place.X)) { places[category].Add(place); }
        }

        for (int category = 0; category < places.Length; category++)
        {
            if (places[category].Count == 0) { continue; }
            double x = Median(places[category].Select(place => place.X)), y = Median(places[category].Select(place => place.Y));
            canvas.Text($"{category + 1}", Left + (x * Side), Top + (y * Side) + 4, SmallSize, Align.Middle, halo: true);
        }
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values];
        Array.Sort(sorted);
        return sorted[sorted.Length / 2];
    }
}
