namespace AnnDataCache.Summaries;

/// <summary>Bins of equal width, and which a value falls into, to the last bit as <c>numpy.histogram</c> of float64 has it.</summary>
internal sealed class Histogram
{
    private readonly double _first, _width;
    private readonly int _bins;

    /// <param name="minimum">Smallest finite value, or NaN when there is none.</param>
    /// <param name="maximum">Largest finite value.</param>
    /// <param name="bins">Bins, 1 or more.</param>
    internal Histogram(double minimum, double maximum, int bins)
    {
        (double first, double last) = double.IsNaN(minimum) ? (0, 1) : minimum == maximum ? (minimum - 0.5, maximum + 0.5) : (minimum, maximum);
        double width = last - first; // infinite for ±1e308: such values all fall into bins by their comparison with the edges
        double step = width / bins;
        Edges = new double[bins + 1];
        for (int i = 0; i <= bins; i++) { Edges[i] = (i * step) + first; }
        Edges[bins] = last;
        (_first, _width, _bins) = (first, width, bins);
    }

    internal double[] Edges { get; }

    /// <summary>The bin of a finite value between the smallest and the largest.</summary>
    internal int BinOf(double value)
    {
        int bin = Math.Clamp((int)((value - _first) / _width * _bins), 0, _bins - 1);
        if (value < Edges[bin]) { return Math.Max(bin - 1, 0); } // rounding may have put it one bin off: the edges decide
        return bin < _bins - 1 && value >= Edges[bin + 1] ? bin + 1 : bin;
    }
}
