using System.Globalization;
using System.Text;

namespace AnnDataCache.Cli.Plots;

/// <summary>Draws an SVG; pictures are embedded as PNG, so that its size does not grow with the number of cells.</summary>
internal sealed class SvgCanvas : Canvas
{
    private readonly StringBuilder _text = new();

    internal SvgCanvas(double width, double height)
    {
        FormattableString size = $"width=\"{width:0.##}\" height=\"{height:0.##}\" viewBox=\"0 0 {width:0.##} {height:0.##}\"";
        string exact = size.ToString(CultureInfo.InvariantCulture);
        Add($"<svg xmlns=\"http://www.w3.org/2000/svg\" {exact} font-family=\"{Font.Families}\">");
        Rectangle(0, 0, width, height, Color.White);
    }

    internal override void Rectangle(double x, double y, double width, double height, Color fill) =>
        Add($"<rect x=\"{x:0.##}\" y=\"{y:0.##}\" width=\"{width:0.##}\" height=\"{height:0.##}\" fill=\"{fill.Hex}\"/>");

    internal override void Line(double x1, double y1, double x2, double y2, Color color, double width = 1) =>
        Add($"<line x1=\"{x1:0.##}\" y1=\"{y1:0.##}\" x2=\"{x2:0.##}\" y2=\"{y2:0.##}\" stroke=\"{color.Hex}\" stroke-width=\"{width:0.##}\"/>");

    internal override void Circle(double x, double y, double radius, Color fill) =>
        Add($"<circle cx=\"{x:0.##}\" cy=\"{y:0.##}\" r=\"{radius:0.##}\" fill=\"{fill.Hex}\"/>");

    internal override void Text(
        string text, double x, double y, double size, Align align = Align.Start, bool upwards = false, bool halo = false)
    {
        string anchor = align switch { Align.Start => "start", Align.Middle => "middle", _ => "end" };
        string turned = upwards ? string.Create(CultureInfo.InvariantCulture, $" transform=\"rotate(-90 {x:0.##} {y:0.##})\"") : "";
        string edge = halo ? " stroke=\"#ffffff\" stroke-width=\"3\" paint-order=\"stroke\" stroke-linejoin=\"round\"" : "";
        string place = string.Create(CultureInfo.InvariantCulture, $"x=\"{x:0.##}\" y=\"{y:0.##}\" font-size=\"{size:0.##}\"");
        Add($"<text {place} text-anchor=\"{anchor}\" fill=\"{Color.Ink.Hex}\"{edge}{turned}>{Escape(text)}</text>");
    }

    internal override void Picture(double x, double y, double width, double height, Pixels pixels)
    {
        string png = Convert.ToBase64String(Png.Encode(pixels));
        Add($"<image x=\"{x:0.##}\" y=\"{y:0.##}\" width=\"{width:0.##}\" height=\"{height:0.##}\" href=\"data:image/png;base64,{png}\"/>");
    }

    internal override byte[] Finish() => Encoding.UTF8.GetBytes(_text + "</svg>\n");

    private void Add(FormattableString element) => _text.Append(element.ToString(CultureInfo.InvariantCulture)).Append('\n');

    /// <summary>Names come from files: control characters are not XML, and a lone surrogate is no text.</summary>
    private static string Escape(string text)
    {
        StringBuilder safe = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '<' => safe.Append("&lt;"),
                '&' => safe.Append("&amp;"),
                '>' => safe.Append("&gt;"),
                < 0x20 or 0x7F or 0xFFFE or 0xFFFF => safe.Append(' '),
                _ => safe.Append(rune.ToString()),
            };
        }

        return safe.ToString();
    }
}
