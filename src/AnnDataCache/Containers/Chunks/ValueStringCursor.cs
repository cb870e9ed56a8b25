namespace AnnDataCache.Containers;

/// <summary>Reads strings forward: a block of stored values at a time, then each to its bytes.</summary>
internal sealed class ValueStringCursor(
    string path, ValueReader values, StringDecoder decoder, int valueSize, long first, long count) : StringCursor
{
    private const int ScratchBytes = 1 << 16;

    private readonly byte[] _scratch = new byte[Math.Max(1, ScratchBytes / valueSize) * valueSize];

    internal override bool Read(StringBlock block)
    {
        block.Clear();
        int here = (int)Math.Min(Math.Min(_scratch.Length / valueSize, StringBlock.Capacity), count);
        if (here == 0) { return false; }
        try
        {
            values.Read(first, here, _scratch.AsSpan(0, here * valueSize));
            for (int i = 0; i < here; i++)
            {
                ReadOnlySpan<byte> text = decoder.Decode(_scratch.AsSpan(i * valueSize, valueSize));
                text.CopyTo(block.Add(text.Length));
            }
        }
        catch (Exception cause) when (Damage.IsCause(cause))
        {
            throw Damage.At(path, cause);
        }

        first += here;
        count -= here;
        return true;
    }

    public override void Dispose()
    {
        values.Dispose();
        base.Dispose();
    }
}

/// <summary>From a stored string value to its bytes without padding. One thread's.</summary>
internal abstract class StringDecoder
{
    /// <summary>Valid until the next call.</summary>
    internal abstract ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> value);
}
