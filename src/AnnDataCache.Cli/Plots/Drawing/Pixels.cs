namespace AnnDataCache.Cli.Plots;

/// <summary>An opaque picture of red, green and blue bytes.</summary>
internal sealed class Pixels
{
    internal Pixels(int width, int height)
    {
        (Width, Height, Bytes) = (width, height, new byte[checked(3 * width * height)]);
        Bytes.AsSpan().Fill(255);
    }

    internal int Width { get; }

    internal int Height { get; }

    /// <summary>Rows from the top, three bytes a pixel.</summary>
    internal byte[] Bytes { get; }

    /// <summary>Lays a colour over a pixel.</summary>
    internal void Blend(int x, int y, Color color, float opacity)
    {
        if ((uint)x >= (uint)Width || (uint)y >= (uint)Height || opacity <= 0) { return; }
        Span<byte> pixel = Bytes.AsSpan(3 * ((y * Width) + x), 3);
        float share = Math.Min(opacity, 1);
        pixel[0] = (byte)(pixel[0] + ((color.R - pixel[0]) * share) + 0.5f);
        pixel[1] = (byte)(pixel[1] + ((color.G - pixel[1]) * share) + 0.5f);
        pixel[2] = (byte)(pixel[2] + ((color.B - pixel[2]) * share) + 0.5f);
    }

    /// <summary>Lays a disc over the picture, with soft edges, also when it is smaller than a pixel.</summary>
    internal void Disc(double x, double y, double radius, Color color)
    {
        double reach = Math.Max(radius, 0.5), strength = Math.Min(1, radius / 0.5);
        int left = (int)Math.Floor(x - reach - 0.5), right = (int)Math.Ceiling(x + reach + 0.5);
        int top = (int)Math.Floor(y - reach - 0.5), bottom = (int)Math.Ceiling(y + reach + 0.5);
        for (int row = top; row <= bottom; row++)
        {
            for (int column = left; column <= right; column++)
            {
                double across = column + 0.5 - x, down = row + 0.5 - y;
                double cover = Math.Clamp(reach + 0.5 - Math.Sqrt((across * across) + (down * down)), 0, 1);
                Blend(column, row, color, (float)(cover * strength));
            }
        }
    }
}
