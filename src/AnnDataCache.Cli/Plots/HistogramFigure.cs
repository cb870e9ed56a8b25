namespace AnnDataCache.Cli.Plots;

/// <summary>A histogram of numbers: bars over their range, counts upwards.</summary>
internal sealed class HistogramFigure(ColumnSummary column, string title, string unit) : Figure
{
    private const double Left = 78, Top = 58, PlotWidth = 460, PlotHeight = 260;

    internal override double Width => Left + PlotWidth + 24;

    internal override double Height => Top + PlotHeight + 58;

    internal override void Draw(Canvas canvas)
    {
        canvas.Text(Fit(title, TitleSize, Width - (2 * Margin)), Margin, 24, TitleSize);
        canvas.Text(Facts(), Margin, 42, SmallSize);
        double low = column.Edges[0], high = column.Edges[^1], most = Math.Max(column.Counts.Max(), 1);
        double X(double value) => Left + ((value - low) / (high - low) * PlotWidth);
        double Y(double count) => Top + PlotHeight - (count / (most * 1.04) * PlotHeight);
        foreach (double tick in Ticks.Of(0, most, 5).Where(tick => tick == Math.Floor(tick)))
        {
            canvas.Line(Left, Y(tick), Left + PlotWidth, Y(tick), new Color(0xE8, 0xE8, 0xE8));
            canvas.Text(Ticks.Label(tick), Left - 8, Y(tick) + 4, SmallSize, Align.End);
        }

        double gap = PlotWidth / column.Counts.Count > 6 ? 0.5 : 0;
        for (int bin = 0; bin < column.Counts.Count; bin++)
        {
            double left = X(column.Edges[bin]) + gap, right = X(column.Edges[bin + 1]) - gap, top = Y(column.Counts[bin]);
            if (column.Counts[bin] == 0) { continue; }
            top = Math.Min(top, Top + PlotHeight - 1); // one cell among millions is seen
            canvas.Rectangle(left, top, right - left, Top + PlotHeight - top, Palette.Bar);
        }

        canvas.Frame(Left, Top, PlotWidth, PlotHeight);
        foreach (double tick in Ticks.Of(low, high, 7))
        {
            canvas.Line(X(tick), Top + PlotHeight, X(tick), Top + PlotHeight + 4, Color.Frame);
            canvas.Text(Ticks.Label(tick), X(tick), Top + PlotHeight + 17, SmallSize, Align.Middle);
        }

        canvas.Text(Fit(title, TextSize, PlotWidth), Left + (PlotWidth / 2), Top + PlotHeight + 40, TextSize, Align.Middle);
        canvas.Text(unit, 20, Top + (PlotHeight / 2), TextSize, Align.Middle, upwards: true);
    }

    private string Facts()
    {
        string facts = $"{Ticks.Count(column.Rows)} {unit} · mean {Round(column.Mean)} · sd {Round(column.StandardDeviation)}";
        if (column.Missing > 0) { facts += $" · {Ticks.Count(column.Missing)} missing"; }
        return column.Infinite > 0 ? $"{facts} · {Ticks.Count(column.Infinite)} infinite" : facts;
    }

    private static string Round(double value) => double.IsNaN(value) ? "none" : Ticks.Label(double.Parse(value.ToString("G4", null), null));
}
