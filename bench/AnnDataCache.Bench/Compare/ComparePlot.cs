using System.Globalization;
using System.Text;

namespace AnnDataCache.Bench;

/// <summary>Bars: how many times faster than read_h5ad a first load is, into new pages and into those of evicted parts.</summary>
internal static class ComparePlot
{
    private const int Left = 190, Width = 520, BarHeight = 12, RowHeight = 34, Top = 46;

    internal static string Of(IReadOnlyList<Comparison> all)
    {
        List<Comparison> drawn = [.. all.Where(one => !double.IsNaN(one.Ratio(Comparison.Ours)))];
        double most = Math.Max(1, drawn.Select(one => Math.Max(one.Ratio(Comparison.Ours), one.Ratio(Comparison.Steady))).DefaultIfEmpty(1).Max());
        StringBuilder svg = new();
        CultureInfo culture = CultureInfo.InvariantCulture;
        svg.AppendLine(culture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Left + Width + 70}\" height=\"{Top + (drawn.Count * RowHeight) + 10}\" font-family=\"sans-serif\" font-size=\"12\">");
        svg.AppendLine("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
        svg.AppendLine("<text x=\"10\" y=\"18\" font-size=\"14\">Times faster than anndata.read_h5ad</text>");
        svg.AppendLine("<rect x=\"10\" y=\"26\" width=\"10\" height=\"10\" fill=\"#7aa6c2\"/><text x=\"24\" y=\"35\">new pages</text>");
        svg.AppendLine("<rect x=\"110\" y=\"26\" width=\"10\" height=\"10\" fill=\"#1f5f8b\"/><text x=\"124\" y=\"35\">pages of evicted parts</text>");
        for (int i = 0; i < drawn.Count; i++)
        {
            int y = Top + (i * RowHeight);
            svg.AppendLine(culture, $"<text x=\"{Left - 8}\" y=\"{y + 17}\" text-anchor=\"end\">{drawn[i].File}</text>");
            Bar(svg, y, drawn[i].Ratio(Comparison.Ours), most, "#7aa6c2");
            Bar(svg, y + BarHeight + 1, drawn[i].Ratio(Comparison.Steady), most, "#1f5f8b");
        }

        return svg.AppendLine("</svg>").ToString();
    }

    private static void Bar(StringBuilder svg, int y, double ratio, double most, string colour)
    {
        if (double.IsNaN(ratio)) { return; }
        double width = Width * ratio / most;
        svg.AppendLine(CultureInfo.InvariantCulture,
            $"<rect x=\"{Left}\" y=\"{y}\" width=\"{width:F1}\" height=\"{BarHeight}\" fill=\"{colour}\"/><text x=\"{Left + width + 5:F1}\" y=\"{y + 10}\" font-size=\"10\">{ratio:F1}</text>");
    }
}
