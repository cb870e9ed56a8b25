using System.Globalization;

namespace AnnDataCache.Cli.Plots;

/// <summary>Round numbers along an axis.</summary>
internal static class Ticks
{
    /// <summary>Steps of 1, 2 or 5 times a power of ten, about as many as wanted, within the range.</summary>
    internal static IReadOnlyList<double> Of(double low, double high, int wanted)
    {
        double range = high - low;
        if (!(range > 0) || !double.IsFinite(range)) { return [low]; }
        double raw = range / wanted, power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        double step = (raw / power) switch { <= 1 => power, <= 2 => 2 * power, <= 5 => 5 * power, _ => 10 * power };
        List<double> ticks = [];
        double first = Math.Ceiling((low / step) - 1e-9), last = Math.Floor((high / step) + 1e-9);
        for (double i = first; i <= last; i++) { ticks.Add((i * step) + 0.0); } // never −0
        return ticks;
    }

    internal static string Count(long count) => count.ToString("#,##0", CultureInfo.InvariantCulture);

    internal static string Label(double value)
    {
        double size = Math.Abs(value);
        return size >= 1e6 || (size < 1e-4 && size > 0)
            ? value.ToString("0.##e0", CultureInfo.InvariantCulture)
            : value.ToString(size >= 1000 ? "#,##0.##" : "0.#####", CultureInfo.InvariantCulture).Replace("-", "−", StringComparison.Ordinal);
    }
}
