using AnnDataCache.Interop;

namespace AnnDataCache.Containers;

/// <summary>Reads strings forward: a block of stored values at a time, then each to its bytes.</summary>
internal sealed class ValueStringCursor(
    string path, ValueReader values, StringDecoder decoder, int valueSize, long first, long count) : StringCursor
{
    private const int ScratchBytes = 1 << 16;

    private readonly NativeBuffer _scratch = new(Math.Max(1, ScratchBytes / valueSize) * (long)valueSize);

    internal override bool Read(StringBlock block)
    {
        block.Clear();
        int here = (int)Math.Min(Math.Min(_scratch.Length / valueSize, StringBlock.Capacity), count);
        if (here == 0) { return false; }
        try
        {
            decoder.DecodeAll(ReadValues(here), block);
        }
        catch (Exception cause) when (Damage.IsCause(cause))
        {
            throw Damage.At(path, cause);
        }

        return true;
    }

    internal override long Pass(long strings)
    {
        long bytes = 0;
        try
        {
            for (long left = Math.Min(strings, count); left > 0;)
            {
                int here = (int)Math.Min(_scratch.Length / valueSize, left);
                long measured = decoder.Measure(ReadValues(here));
                if (measured < 0) { return -1; }
                bytes += measured;
                left -= here;
            }
        }
        catch (Exception cause) when (Damage.IsCause(cause))
        {
            throw Damage.At(path, cause);
        }

        return bytes;
    }

    public override void Dispose()
    {
        values.Dispose();
        decoder.Dispose();
        _scratch.Dispose();
        base.Dispose();
    }

    private ReadOnlySpan<byte> ReadValues(int here)
    {
        Span<byte> read = _scratch.Span(0, here * valueSize);
        values.Read(first, here, read);
        first += here;
        count -= here;
        return read;
    }
}

/// <summary>From a stored string value to its bytes without padding. One thread's.</summary>
internal abstract class StringDecoder : IDisposable
{
    /// <summary>Bytes of one stored value.</summary>
    protected abstract int ValueSize { get; }

    /// <summary>Valid until the next call.</summary>
    internal abstract ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> value);

    /// <summary>Appends the strings of values that lie side by side.</summary>
    internal virtual void DecodeAll(ReadOnlySpan<byte> values, StringBlock block)
    {
        for (; !values.IsEmpty; values = values[ValueSize..])
        {
            ReadOnlySpan<byte> text = Decode(values[..ValueSize]);
            text.CopyTo(block.Add(text.Length));
        }
    }

    /// <summary>Bytes of the strings of values that lie side by side, as <see cref="StringCursor.Pass"/> gives them.</summary>
    internal virtual long Measure(ReadOnlySpan<byte> values) => -1;

    public virtual void Dispose()
    {
    }
}
