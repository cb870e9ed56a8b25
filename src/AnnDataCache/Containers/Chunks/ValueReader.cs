namespace AnnDataCache.Containers;

/// <summary>Reads runs of values in C order, forward cheaply. One thread's.</summary>
internal abstract class ValueReader : IDisposable
{
    /// <summary>Reads the values with indices <c>[first, first + count)</c>, little-endian.</summary>
    internal abstract void Read(long first, long count, Span<byte> destination);

    public abstract void Dispose();
}

/// <summary>One member of the records that another reader gives.</summary>
internal sealed class MemberValueReader(ValueReader records, int recordSize, int offset, int size) : ValueReader
{
    private const int ScratchBytes = 1 << 18;

    private readonly byte[] _scratch = new byte[Math.Max(1, ScratchBytes / recordSize) * recordSize];

    internal override void Read(long first, long count, Span<byte> destination)
    {
        int most = _scratch.Length / recordSize;
        for (; count > 0; count -= most, first += most)
        {
            int here = (int)Math.Min(most, count);
            records.Read(first, here, _scratch);
            for (int i = 0; i < here; i++)
            {
                _scratch.AsSpan((i * recordSize) + offset, size).CopyTo(destination[(i * size)..]);
            }

            destination = destination[(here * size)..];
        }
    }

    public override void Dispose() => records.Dispose();
}

/// <summary>Entries of array-typed values, a whole value at a time.</summary>
internal sealed class SplitValueReader(ValueReader stored, int storedSize, int entrySize) : ValueReader
{
    private readonly byte[] _value = new byte[storedSize];
    private long _current = -1;

    internal override void Read(long first, long count, Span<byte> destination)
    {
        int perValue = storedSize / entrySize;
        while (count > 0)
        {
            (long value, long inside) = Math.DivRem(first, perValue);
            int here = (int)Math.Min(count, perValue - inside);
            if (value != _current)
            {
                _current = -1;
                stored.Read(value, 1, _value);
                _current = value;
            }

            _value.AsSpan((int)inside * entrySize, here * entrySize).CopyTo(destination);
            destination = destination[(here * entrySize)..];
            first += here;
            count -= here;
        }
    }

    public override void Dispose() => stored.Dispose();
}

/// <summary>For an array that holds nothing.</summary>
internal sealed class NoValues : ValueReader
{
    internal override void Read(long first, long count, Span<byte> destination)
    {
    }

    public override void Dispose()
    {
    }
}
