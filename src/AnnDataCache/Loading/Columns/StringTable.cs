using System.IO.Hashing;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AnnDataCache.Containers;

namespace AnnDataCache.Loading;

/// <summary>Distinct strings in the order of their first appearance, found by their bytes.</summary>
/// <remarks>Bounded: <see cref="Add(ReadOnlySpan{byte})"/> refuses what would exceed the limits, and the caller stores the strings plainly.</remarks>
internal sealed class StringTable(int maxStrings, int maxBytes)
{
    // Beyond these limits the table's memory, which every worker may need at once, matters more than what codes save.
    private const int MaxInColumn = 1 << 16, MaxBytesInColumn = 4 << 20;

    private const ulong LengthSalt = 0x9E37_79B9_7F4A_7C15;

    private int[] _slots = NewSlots(1 << 10); // position + 1 in _ends, 0 = free
    private ulong[] _hashes = new ulong[512];
    private int[] _ends = new int[512];
    private Vector128<byte>[] _shorts = new Vector128<byte>[512]; // short strings, zeros behind them
    private byte[] _bytes = new byte[8192];

    // Nobody can write a file whose strings all meet at one slot.
    private readonly ulong _seed = (ulong)Random.Shared.NextInt64();

    /// <summary>A table for the strings of a column: 8 MB when it is full, and twice that while it grows.</summary>
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
        if (value.Length <= StringBlock.ShortBytes)
        {
            Span<byte> text = stackalloc byte[StringBlock.ShortBytes];
            text.Clear();
            value.CopyTo(text);
            return AddShort(Vector128.Create<byte>(text), value);
        }

        ulong hash = XxHash3.HashToUInt64(value, (long)_seed);
        int slot = (int)hash & (_slots.Length - 1);
        for (; _slots[slot] != 0; slot = (slot + 1) & (_slots.Length - 1))
        {
            int position = _slots[slot] - 1;
            if (_hashes[position] == hash && this[position].SequenceEqual(value)) { return position; }
        }

        return TryAppend(value, default, hash, slot);
    }

    /// <summary>The same of a string in a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // once for every string
    internal int Add(StringBlock block, int index) =>
        block.TryGetShort(index, out Vector128<byte> text) ? AddShort(text, block[index]) : Add(block[index]);

    /// <summary>
    /// Most strings of a column are short. Their lengths follow each other in no order, so nothing here depends on them that a processor
    /// would have to guess: one multiplication mixes all bytes, one comparison finds them equal.
    /// </summary>
    private int AddShort(Vector128<byte> text, ReadOnlySpan<byte> value)
    {
        ulong head = text.AsUInt64().ToScalar(), tail = text.AsUInt64().GetElement(1);
        ulong high = Math.BigMul(head ^ _seed, tail ^ BitOperations.RotateLeft(_seed, 32) ^ (LengthSalt * (ulong)(value.Length + 1)), out ulong low);
        ulong hash = high ^ low;
        int slot = (int)hash & (_slots.Length - 1);
        for (; _slots[slot] != 0; slot = (slot + 1) & (_slots.Length - 1))
        {
            int position = _slots[slot] - 1;
            if (_shorts[position] == text && this[position].Length == value.Length) { return position; }
        }

        return TryAppend(value, text, hash, slot);
    }

    private int TryAppend(ReadOnlySpan<byte> value, Vector128<byte> text, ulong hash, int slot)
    {
        if (Count >= maxStrings || value.Length > maxBytes - TotalBytes) { return -1; }
        Append(value, text, hash, slot);
        return Count - 1;
    }

    private void Append(ReadOnlySpan<byte> value, Vector128<byte> text, ulong hash, int slot)
    {
        int start = TotalBytes;
        if (Count == _ends.Length)
        {
            Array.Resize(ref _ends, 2 * Count);
            Array.Resize(ref _hashes, 2 * Count);
            Array.Resize(ref _shorts, 2 * Count);
        }

        if (value.Length > _bytes.Length - start) { Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, start + value.Length)); }
        value.CopyTo(_bytes.AsSpan(start));
        _ends[Count] = start + value.Length;
        _hashes[Count] = hash;
        _shorts[Count] = text;
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

    private static int[] NewSlots(int atLeast) => new int[BitOperations.RoundUpToPowerOf2((uint)atLeast)];
}
