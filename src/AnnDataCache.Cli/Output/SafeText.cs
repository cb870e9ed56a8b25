using System.Globalization;
using System.Text;

namespace AnnDataCache.Cli.Output;

/// <summary>Text from files, made safe for a terminal: a cell name must not move the cursor or change colours.</summary>
internal static class SafeText
{
    /// <summary>Control and direction characters shown as escapes, line ends as spaces.</summary>
    internal static string OneLine(string text)
    {
        if (!text.Any(MustEscape)) { return text; }
        StringBuilder safe = new(text.Length + 16);
        foreach (char c in text)
        {
            if (c is '\n' or '\r' or '\t') { safe.Append(' '); }
            else if (MustEscape(c)) { safe.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"); }
            else { safe.Append(c); }
        }

        return safe.ToString();
    }

    /// <summary>At most so many characters, with an ellipsis where some are missing.</summary>
    internal static string Cut(string text, int width) => text.Length <= width ? text : string.Concat(text.AsSpan(0, width - 1), "…");

    // Cf holds the bidirectional overrides, which can make a line read as another one.
    private static bool MustEscape(char c) => char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format;
}
