namespace AnnDataCache.Cli.Plots;

/// <summary>Colours that people with any colour vision can tell apart, or at least by lightness.</summary>
internal static class Palette
{
    /// <summary>Okabe and Ito's eight without black, then a dark grey.</summary>
    private static readonly Color[] s_few =
    [
        new(0x00, 0x72, 0xB2), new(0xE6, 0x9F, 0x00), new(0x00, 0x9E, 0x73), new(0xCC, 0x79, 0xA7),
        new(0x56, 0xB4, 0xE9), new(0xD5, 0x5E, 0x00), new(0xF0, 0xE4, 0x42), new(0x44, 0x44, 0x44),
    ];

    private static readonly Color[] s_viridis =
    [
        new(0x44, 0x01, 0x54), new(0x48, 0x28, 0x78), new(0x3E, 0x4A, 0x89), new(0x31, 0x68, 0x8E), new(0x26, 0x82, 0x8E),
        new(0x1F, 0x9E, 0x89), new(0x35, 0xB7, 0x79), new(0x6D, 0xCD, 0x59), new(0xB4, 0xDE, 0x2C), new(0xFD, 0xE7, 0x25),
    ];

    private static readonly Color[] s_reds =
    [
        new(0xFF, 0xF5, 0xF0), new(0xFE, 0xE0, 0xD2), new(0xFC, 0xBB, 0xA1), new(0xFC, 0x92, 0x72), new(0xFB, 0x6A, 0x4A),
        new(0xEF, 0x3B, 0x2C), new(0xCB, 0x18, 0x1D), new(0xA5, 0x0F, 0x15), new(0x67, 0x00, 0x0D),
    ];

    internal static readonly Color Bar = s_few[0];

    /// <summary>A colour for each category: few well-known ones, or many whose neighbours differ in hue and lightness.</summary>
    internal static Color[] Categories(int count) =>
        count <= s_few.Length ? s_few[..count] : [.. Enumerable.Range(0, count).Select(Generated)];

    /// <summary>Viridis: dark is low, bright is high, evenly for every eye.</summary>
    internal static Color Sequential(double share) => Along(s_viridis, share);

    /// <summary>From nearly white to dark red, as dot plots have it.</summary>
    internal static Color Reds(double share) => Along(s_reds, share);

    private static Color Along(Color[] scale, double share)
    {
        double place = Math.Clamp(double.IsNaN(share) ? 0 : share, 0, 1) * (scale.Length - 1);
        int low = Math.Min((int)place, scale.Length - 2);
        return Color.Mix(scale[low], scale[low + 1], place - low);
    }

    /// <summary>OKLCH with hues a golden angle apart and three lightnesses in turn.</summary>
    private static Color Generated(int index)
    {
        double lightness = (index % 3) switch { 0 => 0.62, 1 => 0.78, _ => 0.46 };
        double hue = index * 2.399963229728653, chroma = index % 2 == 0 ? 0.15 : 0.11;
        (double a, double b) = (chroma * Math.Cos(hue), chroma * Math.Sin(hue));
        double l = Cube(lightness + (0.3963377774 * a) + (0.2158037573 * b));
        double m = Cube(lightness - (0.1055613458 * a) - (0.0638541728 * b));
        double s = Cube(lightness - (0.0894841775 * a) - (1.2914855480 * b));
        return new Color(
            Gamma((4.0767416621 * l) - (3.3077115913 * m) + (0.2309699292 * s)),
            Gamma((-1.2684380046 * l) + (2.6097574011 * m) - (0.3413193965 * s)),
            Gamma((-0.0041960863 * l) - (0.7034186147 * m) + (1.7076147010 * s)));
    }

    private static double Cube(double value) => value * value * value;

    private static byte Gamma(double linear)
    {
        double value = linear <= 0.0031308 ? 12.92 * linear : (1.055 * Math.Pow(linear, 1 / 2.4)) - 0.055;
        return (byte)Math.Round(Math.Clamp(value, 0, 1) * 255);
    }
}
