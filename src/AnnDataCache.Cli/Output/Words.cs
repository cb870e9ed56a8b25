using System.Globalization;
using System.Numerics;

namespace AnnDataCache.Cli.Output;

/// <summary>Sizes, shapes, times and values as people read them.</summary>
internal static class Words
{
    /// <summary>Three digits and a unit of 1,000: <c>1.23 GB</c>.</summary>
    internal static string Bytes(long bytes)
    {
        ReadOnlySpan<string> units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
        double amount = bytes;
        int unit = 0;
        for (; amount >= 999.5 && unit < units.Length - 1; unit++) { amount /= 1000; }
        string format = unit == 0 || amount >= 99.95 ? "F0" : amount >= 9.995 ? "F1" : "F2";
        return $"{amount.ToString(format, CultureInfo.InvariantCulture)} {units[unit]}";
    }

    internal static string Time(TimeSpan time) => time.TotalSeconds switch
    {
        < 0.001 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMicroseconds:F0} µs"),
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:F1} ms"),
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:F2} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalMinutes}:{time.Seconds:D2} min"),
    };

    internal static string Shape(IReadOnlyList<long> shape) =>
        string.Join(" × ", shape.Select(length => length.ToString("N0", CultureInfo.InvariantCulture)));

    internal static string Count(long count, string one, string? many = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? one : many ?? one + "s")}");

    internal static string Value(object? value) => value switch
    {
        null => "",
        string text => SafeText.OneLine(text),
        bool flag => flag ? "True" : "False",
        byte[] bytes => Convert.ToHexString(bytes),
        object?[] items => $"[{string.Join(", ", items.Select(Value))}]",
        float number => number.ToString("G7", CultureInfo.InvariantCulture),
        double number => number.ToString("G10", CultureInfo.InvariantCulture),
        Complex number => string.Create(
            CultureInfo.InvariantCulture, $"{number.Real:G7}{(double.IsNegative(number.Imaginary) ? "" : "+")}{number.Imaginary:G7}j"),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
