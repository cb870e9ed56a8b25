using System.Globalization;

namespace AnnDataCache.Cli.Plots;

/// <summary>A colour in sRGB.</summary>
internal readonly record struct Color(byte R, byte G, byte B)
{
    internal static readonly Color White = new(255, 255, 255), Ink = new(0x22, 0x22, 0x22), Frame = new(0x88, 0x88, 0x88);

    /// <summary>Of cells whose value is missing.</summary>
    internal static readonly Color Missing = new(0xD0, 0xD0, 0xD0);

    internal string Hex => string.Create(CultureInfo.InvariantCulture, $"#{R:x2}{G:x2}{B:x2}");

    /// <summary><c>#1f77b4</c>, or <c>#1f77b4ff</c>, whose opacity is left out.</summary>
    internal static bool TryParse(string text, out Color color)
    {
        color = default;
        bool shaped = text.Length is 7 or 9 && text[0] == '#';
        if (!shaped || !uint.TryParse(text.AsSpan(1, 6), NumberStyles.AllowHexSpecifier, null, out uint value)) { return false; }
        color = new Color((byte)(value >> 16), (byte)(value >> 8), (byte)value);
        return true;
    }

    internal static Color Mix(Color from, Color to, double share) =>
        new(Channel(from.R, to.R, share), Channel(from.G, to.G, share), Channel(from.B, to.B, share));

    private static byte Channel(byte from, byte to, double share) => (byte)Math.Round(from + ((to - from) * share));
}
