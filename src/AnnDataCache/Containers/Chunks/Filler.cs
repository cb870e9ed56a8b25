using AnnDataCache.Interop;

namespace AnnDataCache.Containers;

/// <summary>Long runs of bytes in pieces that a span can hold, each a whole number of values.</summary>
internal static unsafe class Filler
{
    internal static void Fill(FillValue fill, byte* memory, long bytes, int valueSize)
    {
        int piece = int.MaxValue / valueSize * valueSize;
        for (long done = 0; done < bytes; done += piece)
        {
            fill.Fill(new Span<byte>(memory + done, (int)Math.Min(piece, bytes - done)));
        }
    }

    internal static void Write(ByteTarget target, long offset, byte* memory, long bytes, int valueSize)
    {
        int piece = int.MaxValue / valueSize * valueSize;
        for (long done = 0; done < bytes; done += piece)
        {
            target.Write(offset + done, new ReadOnlySpan<byte>(memory + done, (int)Math.Min(piece, bytes - done)));
        }
    }
}
