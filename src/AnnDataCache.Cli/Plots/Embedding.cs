namespace AnnDataCache.Cli.Plots;

/// <summary>Two coordinates of each cell, scaled to the unit square, y downwards.</summary>
internal sealed class Embedding
{
    private readonly double[] _x, _y;
    private readonly (double Low, double Span) _across, _down;
    private readonly bool _fromTop;

    /// <param name="path">Element they come from: it names the axes.</param>
    /// <param name="x">First coordinates; NaN where there are none.</param>
    /// <param name="y">Second coordinates.</param>
    internal Embedding(string path, double[] x, double[] y)
    {
        (_x, _y) = (x, y);
        string name = path[(path.LastIndexOf('/') + 1)..];
        _fromTop = name.Contains("spatial", StringComparison.OrdinalIgnoreCase); // of images, whose first row is the top one
        name = name.StartsWith("X_", StringComparison.Ordinal) ? name[2..] : name;
        name = name.ToLowerInvariant() switch { "umap" => "UMAP", "tsne" => "t-SNE", "pca" => "PC", _ => name };
        Titles = [$"{name} 1", $"{name} 2"];
        (_across, _down) = (Range(x), Range(y));
        if (_fromTop) // distances in a tissue are the same in both directions
        {
            double span = Math.Max(_across.Span, _down.Span);
            (_across, _down) = (Widen(_across, span), Widen(_down, span));
        }
    }

    internal int Count => _x.Length;

    internal IReadOnlyList<string> Titles { get; }

    /// <summary>Where a cell is, from 0 to 1; NaN for one that has no finite coordinates.</summary>
    internal (double X, double Y) Place(int cell)
    {
        double x = (_x[cell] - _across.Low) / _across.Span, y = (_y[cell] - _down.Low) / _down.Span;
        return double.IsFinite(x) && double.IsFinite(y) ? (x, _fromTop ? y : 1 - y) : (double.NaN, double.NaN);
    }

    private static (double Low, double Span) Range(double[] values)
    {
        (double low, double high) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (double value in values)
        {
            if (double.IsFinite(value)) { (low, high) = (Math.Min(low, value), Math.Max(high, value)); }
        }

        double span = high - low;
        return !(span > 0) || !double.IsFinite(span) ? (double.IsFinite(low) ? low - 0.5 : 0, 1) : (low - (0.03 * span), 1.06 * span);
    }

    private static (double Low, double Span) Widen((double Low, double Span) range, double span) =>
        (range.Low - ((span - range.Span) / 2), span);
}
