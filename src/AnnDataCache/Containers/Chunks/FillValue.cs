namespace AnnDataCache.Containers;

/// <summary>What stands where nothing was written.</summary>
internal sealed class FillValue
{
    private readonly byte[] _value; // little-endian; empty for zeros

    /// <param name="value">The little-endian bytes of one value; none for zeros.</param>
    internal FillValue(ReadOnlySpan<byte> value) => _value = value.ContainsAnyExcept((byte)0) ? value.ToArray() : [];

    internal static FillValue Zero { get; } = new([]);

    /// <summary>Fills whole values.</summary>
    internal void Fill(Span<byte> values)
    {
        if (_value.Length == 0)
        {
            values.Clear();
            return;
        }

        // Doubling what is already filled: one value, two, four …
        _value.AsSpan(0, Math.Min(_value.Length, values.Length)).CopyTo(values);
        for (int done = _value.Length; done < values.Length; done = (int)Math.Min(2L * done, values.Length))
        {
            values[..Math.Min(done, values.Length - done)].CopyTo(values[done..]);
        }
    }
}
