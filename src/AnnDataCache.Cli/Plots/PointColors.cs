namespace AnnDataCache.Cli.Plots;

/// <summary>The colour of each cell, by a number or by a category.</summary>
internal sealed class PointColors
{
    private readonly double[] _values;

    private PointColors(string name, double[] values, IReadOnlyList<string>? categories, Color[] categoryColors)
    {
        (Name, _values, Categories, CategoryColors) = (name, values, categories, categoryColors);
        (Low, High) = (double.PositiveInfinity, double.NegativeInfinity);
        Counts = new long[categories?.Count ?? 0];
        foreach (double value in values)
        {
            if (double.IsNaN(value)) { MissingCount++; }
            else if (categories is not null) { Counts[(int)value]++; }
            else if (double.IsFinite(value)) { (Low, High) = (Math.Min(Low, value), Math.Max(High, value)); }
        }

        if (!(High > Low)) { (Low, High) = double.IsFinite(Low) ? (Low, Low + 1) : (0, 1); }
    }

    internal string Name { get; }

    /// <summary>Names of the categories, or null for numbers.</summary>
    internal IReadOnlyList<string>? Categories { get; }

    internal Color[] CategoryColors { get; }

    internal long[] Counts { get; }

    internal long MissingCount { get; }

    internal double Low { get; }

    internal double High { get; }

    internal static PointColors OfNumbers(string name, double[] values) => new(name, values, null, []);

    /// <param name="name">The column's name.</param>
    /// <param name="codes">Category of each cell, −1 where it is missing.</param>
    /// <param name="categories">Names of the categories.</param>
    /// <param name="colors">The file's own colours, or null.</param>
    internal static PointColors OfCategories(string name, int[] codes, IReadOnlyList<string> categories, Color[]? colors) => new(
        name, [.. codes.Select(code => code < 0 ? double.NaN : code)], categories, colors ?? Palette.Categories(categories.Count));

    internal int CategoryOf(int cell) => double.IsNaN(_values[cell]) ? -1 : (int)_values[cell];

    internal Color ColorOf(int cell)
    {
        double value = _values[cell];
        if (double.IsNaN(value)) { return Color.Missing; }
        return Categories is null ? Palette.Sequential((value - Low) / (High - Low)) : CategoryColors[(int)value];
    }

    /// <summary>Cells from the lowest to the one on top.</summary>
    internal int[] DrawingOrder()
    {
        int[] order = new int[_values.Length];
        double[] keys = new double[_values.Length];
        uint mixed = 1;
        for (int cell = 0; cell < order.Length; cell++)
        {
            order[cell] = cell;
            mixed = (mixed * 1664525) + 1013904223; // the same order every time
            keys[cell] = double.IsNaN(_values[cell]) ? double.NegativeInfinity : Categories is null ? _values[cell] : mixed;
        }

        Array.Sort(keys, order);
        return order;
    }
}
