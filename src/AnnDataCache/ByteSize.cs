using System.Globalization;

namespace AnnDataCache;

/// <summary>Bytes as people write and read them: <c>512MB</c> is 512,000,000, <c>8GiB</c> is 8 × 2^30.</summary>
internal static class ByteSize
{
    private static readonly (string Unit, long Factor)[] s_units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("kB", 1_000), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("B", 1),
    ];

    /// <summary>Accepts a decimal number with an optional unit; false when it is negative, unreadable or over 2^63.</summary>
    internal static bool TryParse(string text, out long bytes)
    {
        string number = text.Trim();
        long factor = 1;
        foreach ((string unit, long value) in s_units)
        {
            if (number.EndsWith(unit, StringComparison.OrdinalIgnoreCase))
            {
                (number, factor) = (number[..^unit.Length].TrimEnd(), value);
                break;
            }
        }

        bytes = 0;
        const NumberStyles Style = NumberStyles.AllowDecimalPoint;
        if (!decimal.TryParse(number, Style, CultureInfo.InvariantCulture, out decimal amount)) { return false; }
        if (amount > long.MaxValue / factor) { return false; }
        bytes = (long)(amount * factor);
        return true;
    }

    /// <summary>Three significant digits and a unit of 1,000: <c>1.23 GB</c>.</summary>
    internal static string Format(long bytes)
    {
        string[] units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
        double amount = bytes;
        int unit = 0;
        for (; amount >= 999.5 && unit < units.Length - 1; unit++) { amount /= 1000; }
        string format = unit == 0 || amount >= 99.95 ? "F0" : amount >= 9.995 ? "F1" : "F2";
        return string.Create(CultureInfo.InvariantCulture, $"{amount.ToString(format, CultureInfo.InvariantCulture)} {units[unit]}");
    }
}
