namespace AnnDataCache.Codecs;

/// <summary>This thread's reusable buffers for data between two decoders. Each purpose has its own, so that nesting is safe.</summary>
internal static class Scratch
{
    internal enum Purpose
    {
        Block,
        Filtered,
        Index,
        Array,
    }

    [ThreadStatic]
    private static byte[][]? s_buffers;

    /// <summary>A buffer with undefined content, valid until the next call for the same purpose.</summary>
    internal static Span<byte> Get(Purpose purpose, int length)
    {
        s_buffers ??= [[], [], [], []];
        ref byte[] buffer = ref s_buffers[(int)purpose];
        if (buffer.Length < length)
        {
            buffer = GC.AllocateUninitializedArray<byte>(length);
        }

        return buffer.AsSpan(0, length);
    }
}
