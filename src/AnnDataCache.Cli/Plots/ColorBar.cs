namespace AnnDataCache.Cli.Plots;

/// <summary>What the colours of numbers mean: a bar from low to high with a few numbers below it.</summary>
internal static class ColorBar
{
    private const double BarHeight = 12, TextSize = 10.5;

    internal static void Draw(Canvas canvas, double x, double y, double width, double low, double high, Func<double, Color> scale)
    {
        const int Steps = 60;
        for (int i = 0; i < Steps; i++) // a little wider than its share, or white seams show between them
        {
            canvas.Rectangle(x + (i * width / Steps), y, (i == Steps - 1 ? 1 : 1.5) * width / Steps, BarHeight, scale((i + 0.5) / Steps));
        }

        canvas.Frame(x, y, width, BarHeight);
        IReadOnlyList<double> ticks = Ticks.Of(low, high, 3);
        foreach (double tick in ticks)
        {
            double at = x + ((tick - low) / (high - low) * width);
            canvas.Line(at, y + BarHeight, at, y + BarHeight + 3, Color.Frame);
            canvas.Text(Ticks.Label(tick), at, y + BarHeight + 15, TextSize, Align.Middle);
        }
    }
}
