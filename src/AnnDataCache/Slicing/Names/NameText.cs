using System.Globalization;

namespace AnnDataCache.Slicing;

/// <summary>A value as a name or a label.</summary>
internal static class NameText
{
    /// <summary>As pandas' <c>str</c> gives it; empty when it is missing.</summary>
    internal static string Of(object? value) => value switch
    {
        null => "",
        string text => text,
        bool flag => flag ? "True" : "False",
        double number => DTypes.Text(number),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
