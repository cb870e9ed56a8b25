namespace AnnDataCache.Cli.Plots;

/// <summary>Names, colours and counts of categories, in as many columns as it takes.</summary>
internal sealed class CategoryLegend
{
    private const int RowsOfColumn = 28, MaxEntries = 112;
    private const double Row = 18, TextSize = 10.5, MaxLabel = 190;

    private readonly List<(string Label, Color Color)> _entries = [];
    private readonly double _columnWidth;

    internal CategoryLegend(PointColors colors)
    {
        if (colors.Categories is not { } categories) { return; }
        for (int i = 0; i < Math.Min(categories.Count, MaxEntries); i++)
        {
            _entries.Add(($"{Short(categories[i])} ({Ticks.Count(colors.Counts[i])})", colors.CategoryColors[i]));
        }

        if (categories.Count > MaxEntries) { _entries.Add(($"… and {categories.Count - MaxEntries} more", Color.White)); }
        if (colors.MissingCount > 0) { _entries.Add(($"missing ({Ticks.Count(colors.MissingCount)})", Color.Missing)); }
        _columnWidth = _entries.Select(entry => Font.Width(entry.Label, TextSize)).DefaultIfEmpty(0).Max() + 54;
    }

    internal double Width => (_entries.Count + RowsOfColumn - 1) / RowsOfColumn * _columnWidth;

    internal double Height => Math.Min(_entries.Count, RowsOfColumn) * Row;

    internal void Draw(Canvas canvas, double x, double y, bool numbered)
    {
        for (int i = 0; i < _entries.Count; i++)
        {
            double left = x + (i / RowsOfColumn * _columnWidth), middle = y + (i % RowsOfColumn * Row) + 9;
            canvas.Circle(left + 6, middle, 5, _entries[i].Color);
            bool isCategory = numbered && _entries[i].Color != Color.Missing && _entries[i].Color != Color.White;
            if (isCategory) { canvas.Text($"{i + 1}", left + 34, middle + 4, TextSize, Align.End); }
            canvas.Text(_entries[i].Label, left + (numbered ? 40 : 18), middle + 4, TextSize);
        }
    }

    private static string Short(string label)
    {
        label = Output.SafeText.OneLine(label);
        while (Font.Width(label, TextSize) > MaxLabel) { label = string.Concat(label.AsSpan(0, label.Length - 2), "…"); }
        return label;
    }
}
