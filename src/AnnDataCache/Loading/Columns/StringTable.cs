using System.IO.Hashing;

namespace AnnDataCache.Loading;

/// <summary>Distinct strings in the order of their first appearance, found by their bytes.</summary>
/// <remarks>Bounded: <see cref="Add"/> refuses what would exceed the limits, and the caller stores the strings plainly.</remarks>
internal sealed class StringTable(int maxStrings, int maxBytes)
{
    // Beyond these limits the table's memory, which every worker may need at once, matters more than what codes save.
    private const int MaxInColumn = 1 << 16, MaxBytesInColumn = 4 << 20;

    private int[] _slots = NewSlots(1 << 10); // position + 1 in _ends, 0 = free
    private ulong[] _hashes = new ulong[512];
    private int[] _ends = new int[512];
    private byte[] _bytes = new byte[8192];

    /// <summary>A table for the strings of a column: 7 MB when it is full, and twice that while it grows.</summary>
    internal static StringTable ForColumn() => new(MaxInColumn, MaxBytesInColumn);

    internal int Count { get; private set; }

    internal int TotalBytes => Count == 0 ? 0 : _ends[Count - 1];

    internal ReadOnlySpan<byte> this[int index]
    {
        get
        {
            int start = index == 0 ? 0 : _ends[index - 1];
            return _bytes.AsSpan(start, _ends[index] - start);
        }
    }

    /// <summary>Position of the string, added when it is new; -1 when it is new and there is no room.</summary>
    internal int Add(ReadOnlySpan<byte> value)
    {
        ulong hash = XxHash3.HashToUInt64(value);
        int mask = _slots.Length - 1;
        int slot = (int)hash & mask;
        for (; _slots[slot] != 0; slot = (slot + 1) & mask)
        {
            int position = _slots[slot] - 1;
            if (_hashes[position] == hash && this[position].SequenceEqual(value)) { return position; }
        }

        if (Count >= maxStrings || value.Length > maxBytes - TotalBytes) { return -1; }
        Append(value, hash, slot);
        return Count - 1;
    }

    private void Append(ReadOnlySpan<byte> value, ulong hash, int slot)
    {
        int start = TotalBytes;
        if (Count == _ends.Length)
        {
            Array.Resize(ref _ends, 2 * Count);
            Array.Resize(ref _hashes, 2 * Count);
        }

        if (value.Length > _bytes.Length - start) { Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, start + value.Length)); }
        value.CopyTo(_bytes.AsSpan(start));
        _ends[Count] = start + value.Length;
        _hashes[Count] = hash;
        _slots[slot] = ++Count;
        if (2 * Count > _slots.Length) { Rehash(); }
    }

    private void Rehash()
    {
        _slots = NewSlots(4 * Count);
        int mask = _slots.Length - 1;
        for (int position = 0; position < Count; position++)
        {
            int slot = (int)_hashes[position] & mask;
            while (_slots[slot] != 0) { slot = (slot + 1) & mask; }
            _slots[slot] = position + 1;
        }
    }

    private static int[] NewSlots(int atLeast) => new int[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)atLeast)];
}
