namespace AnnDataCache.Cli.Plots;

/// <summary>Groups downwards, genes across: a dot's area is the fraction of cells that express the gene, its colour the mean.</summary>
internal sealed class DotPlotFigure : Figure
{
    private const double Step = 22, MaxLabel = 220, MaxRadius = 9, Top = 50, LegendWidth = 168;

    private readonly GeneSummary _summary;
    private readonly string _title, _groupBy, _what;
    private readonly bool _perGene;
    private readonly double _left, _names, _low, _high;

    /// <param name="summary">What is shown.</param>
    /// <param name="title">Above it all.</param>
    /// <param name="groupBy">Title of the axis of groups.</param>
    /// <param name="perGene">True to draw each gene's means between its own smallest and largest one.</param>
    internal DotPlotFigure(GeneSummary summary, string title, string groupBy, bool perGene)
    {
        (_summary, _title, _groupBy, _perGene) = (summary, title, groupBy, perGene);
        _left = Margin + 18 + Math.Min(Longest(summary.Groups.Select(RowLabel)), MaxLabel) + 10;
        _names = Math.Min(Longest(summary.Genes), MaxLabel) + 10;
        double[] means = [.. summary.Means.ToArray().Where(double.IsFinite)];
        (_low, _high) = means.Length == 0 ? (0, 1) : (Math.Min(means.Min(), 0), means.Max());
        if (_high <= _low) { _high = _low + 1; }
        _what = perGene ? "Mean, scaled per gene" : "Mean expression";
    }

    internal override double Width =>
        Math.Max(_left + (_summary.Genes.Count * Step) + 24 + LegendWidth, Font.Width(_title, TitleSize) + (2 * Margin));

    internal override double Height => Top + Math.Max((_summary.Groups.Count * Step) + _names + 36, 250);

    internal override void Draw(Canvas canvas)
    {
        double right = _left + (_summary.Genes.Count * Step), bottom = Top + (_summary.Groups.Count * Step);
        canvas.Text(_title, Margin, 26, TitleSize);
        for (int group = 0; group < _summary.Groups.Count; group++)
        {
            canvas.Text(RowLabel(_summary.Groups[group], group), _left - 8, Top + (group * Step) + (Step / 2) + 4, SmallSize, Align.End);
            for (int gene = 0; gene < _summary.Genes.Count; gene++) { Dot(canvas, gene, group); }
        }

        for (int gene = 0; gene < _summary.Genes.Count; gene++)
        {
            double x = _left + (gene * Step) + (Step / 2);
            canvas.Text(Fit(_summary.Genes[gene], SmallSize, MaxLabel), x + 4, bottom + 8, SmallSize, Align.End, upwards: true);
        }

        canvas.Frame(_left, Top, right - _left, bottom - Top);
        double middle = Top + ((bottom - Top) / 2);
        canvas.Text(Fit(_groupBy, TextSize, bottom - Top + 60), Margin + 8, middle, TextSize, Align.Middle, upwards: true);
        DrawLegend(canvas, right + 24);
    }

    private void Dot(Canvas canvas, int gene, int group)
    {
        int at = (gene * _summary.Groups.Count) + group;
        double x = _left + (gene * Step) + (Step / 2), y = Top + (group * Step) + (Step / 2);
        if (double.IsNaN(_summary.Means[at])) // no cells, or missing values among them
        {
            canvas.Line(x - 3, y - 3, x + 3, y + 3, Color.Missing, 1.5);
            canvas.Line(x - 3, y + 3, x + 3, y - 3, Color.Missing, 1.5);
            return;
        }

        double radius = MaxRadius * Math.Sqrt(_summary.Fractions[at]);
        if (radius == 0) { return; }
        canvas.Circle(x, y, Math.Max(radius, 0.6) + 0.6, Color.Frame); // an edge, or a pale dot would not be seen
        canvas.Circle(x, y, Math.Max(radius, 0.6), Palette.Reds(Share(gene, _summary.Means[at])));
    }

    private double Share(int gene, double mean)
    {
        if (!_perGene) { return (mean - _low) / (_high - _low); }
        double[] means = [.. _summary.Means.Slice(gene * _summary.Groups.Count, _summary.Groups.Count).ToArray().Where(double.IsFinite)];
        return means.Max() > means.Min() ? (mean - means.Min()) / (means.Max() - means.Min()) : 0;
    }

    private void DrawLegend(Canvas canvas, double x)
    {
        canvas.Text("Fraction of cells", x, Top + 12, TextSize);
        double y = Top + 34;
        foreach (double fraction in (double[])[0.1, 0.25, 0.5, 0.75, 1])
        {
            canvas.Circle(x + MaxRadius, y, MaxRadius * Math.Sqrt(fraction), Color.Frame);
            canvas.Text($"{fraction * 100:0} %", x + (2 * MaxRadius) + 10, y + 4, SmallSize);
            y += 22;
        }

        canvas.Text(_what, x, y + 18, TextSize);
        ColorBar.Draw(canvas, x, y + 28, 120, _perGene ? 0 : _low, _perGene ? 1 : _high, Palette.Reds);
        if (!_summary.CellCounts.Contains(0)) { return; }
        canvas.Line(x + 1, y + 71, x + 7, y + 77, Color.Missing, 1.5);
        canvas.Line(x + 1, y + 77, x + 7, y + 71, Color.Missing, 1.5);
        canvas.Text("no cells", x + 16, y + 78, SmallSize);
    }

    private string RowLabel(string group, int at)
    {
        string count = $" ({Ticks.Count(_summary.CellCounts[at])})";
        return Fit(group, SmallSize, MaxLabel - Font.Width(count, SmallSize)) + count;
    }

    private static double Longest(IEnumerable<string> labels) =>
        labels.Select(label => Font.Width(label, SmallSize)).DefaultIfEmpty(0).Max();
}
