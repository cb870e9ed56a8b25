namespace AnnDataCache.Cli.Plots;

/// <summary>Counts of categories: a bar for each, from the top in their order.</summary>
internal sealed class CategoryBarsFigure : Figure
{
    private const int MaxBars = 200;
    private const double Row = 18, Top = 56, PlotWidth = 360, MaxLabel = 260;

    private readonly (string Label, long Count, Color Color)[] _bars;
    private readonly string _title, _unit, _note;
    private readonly double _labels;

    internal CategoryBarsFigure(ColumnSummary column, string title, string unit, Color[]? colors)
    {
        (_title, _unit) = (title, unit);
        (string Label, long Count, Color Color)[] all =
            [.. column.Categories.Select((label, i) => (label, column.CategoryCounts[i], colors?[i] ?? Palette.Bar))];
        if (all.Length > MaxBars) { all = [.. all.OrderByDescending(bar => bar.Count).Take(MaxBars)]; }
        _bars = column.Missing > 0 ? [.. all, ("missing", column.Missing, Color.Missing)] : all;
        string hidden = column.Categories.Count > MaxBars ? $", the {MaxBars} most frequent ones shown" : "";
        _note = $"{Ticks.Count(column.Rows)} {unit} in {Ticks.Count(column.Categories.Count)} categories{hidden}";
        _labels = _bars.Length == 0 ? 40 : Math.Min(_bars.Max(bar => Font.Width(Fit(bar.Label, SmallSize, MaxLabel), SmallSize)), MaxLabel);
    }

    internal override double Width => Margin + _labels + 10 + PlotWidth + 76;

    internal override double Height => Top + (_bars.Length * Row) + 46;

    internal override void Draw(Canvas canvas)
    {
        canvas.Text(Fit(_title, TitleSize, Width - (2 * Margin)), Margin, 24, TitleSize);
        canvas.Text(_note, Margin, 42, SmallSize);
        double left = Margin + _labels + 10, bottom = Top + (_bars.Length * Row) + 4;
        long most = Math.Max(_bars.Select(bar => bar.Count).DefaultIfEmpty(1).Max(), 1);
        foreach (double tick in Ticks.Of(0, most, 5).Where(tick => tick == Math.Floor(tick)))
        {
            double x = left + (tick / most * PlotWidth);
            canvas.Line(x, Top - 2, x, bottom, new Color(0xE8, 0xE8, 0xE8));
            canvas.Text(Ticks.Label(tick), x, bottom + 15, SmallSize, Align.Middle);
        }

        for (int i = 0; i < _bars.Length; i++)
        {
            (string label, long count, Color color) = _bars[i];
            double top = Top + (i * Row), length = (double)count / most * PlotWidth;
            canvas.Text(Fit(label, SmallSize, MaxLabel), left - 8, top + 12.5, SmallSize, Align.End);
            if (count > 0) { canvas.Rectangle(left, top + 2.5, Math.Max(length, 1), Row - 5, color); }
            canvas.Text(Ticks.Count(count), left + length + 6, top + 12.5, SmallSize);
        }

        canvas.Line(left, Top - 2, left, bottom, Color.Frame);
        canvas.Text(_unit, left + (PlotWidth / 2), bottom + 34, TextSize, Align.Middle);
    }
}
