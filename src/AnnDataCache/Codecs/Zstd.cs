using ZstdSharp;

namespace AnnDataCache.Codecs;

/// <summary>Zstandard frames, one or more.</summary>
internal static class Zstd
{
    [ThreadStatic]
    private static Decompressor? s_decompressor;

    internal static int Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        s_decompressor ??= new Decompressor();
        try
        {
            return s_decompressor.Unwrap(source, destination);
        }
        catch (ZstdException damage)
        {
            throw new CodecException($"Zstandard data: {damage.Message}, with room for {destination.Length} bytes.");
        }
    }
}
