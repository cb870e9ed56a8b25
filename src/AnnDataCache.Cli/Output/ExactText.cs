using System.Globalization;

namespace AnnDataCache.Cli.Output;

/// <summary>The shortest text that reads back as the same number.</summary>
/// <remarks>
/// .NET's own shortest text of some powers of two, such as 2^-25, reads back as the neighbour below: where the gap below a
/// number is half the one above, one more digit is needed.
/// </remarks>
internal static class ExactText
{
    internal static string Of(double value)
    {
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        return double.Parse(text, CultureInfo.InvariantCulture).Equals(value) ? text : value.ToString("G17", CultureInfo.InvariantCulture);
    }

    internal static string Of(float value)
    {
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        return float.Parse(text, CultureInfo.InvariantCulture).Equals(value) ? text : value.ToString("G9", CultureInfo.InvariantCulture);
    }
}
