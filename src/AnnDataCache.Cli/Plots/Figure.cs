using AnnDataCache.Cli.Export;

namespace AnnDataCache.Cli.Plots;

/// <summary>A picture of known size that can be drawn on any canvas.</summary>
internal abstract class Figure
{
    protected const double TextSize = 12, SmallSize = 10.5, TitleSize = 14, Margin = 16;

    internal abstract double Width { get; }

    internal abstract double Height { get; }

    internal abstract void Draw(Canvas canvas);

    /// <summary>Writes the figure to a file; its extension decides: .svg or .png.</summary>
    internal void Write(string path, bool replace)
    {
        Canvas canvas = CheckExtension(path) == ".svg" ? new SvgCanvas(Width, Height) : new RasterCanvas(Width, Height);
        Draw(canvas);
        byte[] bytes = canvas.Finish();
        OutputFile.Write(path, replace, stream => stream.Write(bytes));
    }

    /// <exception cref="UsageException">Another extension.</exception>
    internal static string CheckExtension(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".svg" => ".svg",
        ".png" => ".png",
        string other => throw new UsageException($"'{other}' is not a kind of plot that can be written; give .svg or .png."),
    };

    /// <summary>A text that takes no more than some width.</summary>
    protected static string Fit(string text, double size, double width)
    {
        text = Output.SafeText.OneLine(text);
        if (Font.Width(text, size) <= width) { return text; }
        int length = text.Length;
        while (length > 1 && Font.Width(text[..length] + "…", size) > width) { length--; }
        if (char.IsHighSurrogate(text[length - 1])) { length--; }
        return text[..length] + "…";
    }
}
