using System.Buffers;
using System.Runtime.Intrinsics;
using AnnDataCache.Interop;

namespace AnnDataCache.Containers;

/// <summary>An n-dimensional array of numbers, strings or compounds.</summary>
internal abstract class ContainerArray : ContainerNode
{
    internal abstract StoredType Type { get; }

    /// <summary>Length of each axis; empty for a scalar.</summary>
    internal abstract IReadOnlyList<long> Shape { get; }

    /// <summary>True for an array that says that it holds nothing at all (HDF5's null dataspace): AnnData's None.</summary>
    internal abstract bool IsNull { get; }

    /// <summary>How the bytes lie in the file, for people: layout, chunk shape, filters, stored bytes.</summary>
    internal abstract StorageSummary Storage { get; }

    /// <summary>Number of values: 1 for a scalar, 0 for a null array.</summary>
    internal long Count
    {
        get
        {
            if (IsNull) { return 0; }
            long count = 1;
            foreach (long length in Shape) { count = checked(count * length); }
            return count;
        }
    }

    /// <summary>
    /// Checks that the values can be in the file: an array that was never written costs no bytes there, and could claim
    /// any number of values. To be called before all values are read without room for them having been reserved.
    /// </summary>
    /// <exception cref="ContainerException">It claims far more than the file could hold.</exception>
    internal abstract void RequireInProportion();

    /// <summary>
    /// Writes all values in C order to <c>[0, Count × Type.Size)</c> of the target, decoded by
    /// <see cref="ReadContext.Workers"/> threads, each byte once. Numbers become little-endian; complex numbers are
    /// real, imaginary; compounds keep their file layout with little-endian members; references are 8-byte addresses.
    /// </summary>
    /// <remarks>Every write starts and ends at a multiple of <c>Type.Size</c>, so that a target may convert values.</remarks>
    /// <exception cref="ContainerException">Damaged data, an unknown filter, or a variable-length type.</exception>
    internal abstract void Read(ByteTarget target, ReadContext context);

    /// <summary>
    /// Reads rows (entries of the first axis; a scalar is one row) in the same form. Cheap for increasing rows, since
    /// the chunks last decoded are kept; not to be called from two threads at once.
    /// </summary>
    internal abstract void ReadRows(long first, long count, Span<byte> destination);

    /// <summary>A forward reader over the strings with indices <c>[first, first + count)</c> in C order.</summary>
    /// <exception cref="ContainerException"><see cref="Type"/> is not a string type.</exception>
    internal abstract StringCursor OpenStrings(long first, long count);

    /// <summary>One member of a compound array, as an array of the same shape (plus the member's own axes).</summary>
    /// <exception cref="ContainerException">No such member, or not a compound.</exception>
    internal abstract ContainerArray OpenField(string name);

    protected static void RequireNumbers(StoredType type, string path)
    {
        if (type.IsString || type.Class == StoredClass.Other)
        {
            throw new UnsupportedContainerException($"'{path}': values of type {type.Description} are not numbers.");
        }
    }

    protected static void RequireStrings(StoredType type, string path)
    {
        if (!type.IsString)
        {
            throw new UnsupportedContainerException($"'{path}': values of type {type.Description} are not strings.");
        }
    }

    protected static void CheckRange(long first, long count, long limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, limit - count);
    }
}

/// <summary>How many threads decode, who may stop them, and who is told.</summary>
/// <param name="Workers">Threads that decode chunks, 1 or more.</param>
/// <param name="Cancellation">Looked at between chunks, and between the pieces of large ones.</param>
/// <param name="Progress">Told the number of decoded bytes after each chunk or piece, from any thread; may be null.</param>
/// <param name="Errand">
/// Other work, of which one of several threads does some first, call by call, while there are chunks left. False when there is
/// no more; never throws. May be null.
/// </param>
internal sealed record ReadContext(
    int Workers, CancellationToken Cancellation, Action<long>? Progress = null, Func<bool>? Errand = null)
{
    internal static ReadContext Default { get; } = new(Environment.ProcessorCount, CancellationToken.None);
}

/// <summary>Storage in words: <c>chunked 782 × 32, gzip, 12,345 bytes</c>.</summary>
/// <param name="Layout"><c>compact</c>, <c>contiguous</c> or <c>chunked</c>.</param>
/// <param name="Chunk">Shape of a chunk; empty when not chunked.</param>
/// <param name="Filters">Names in the order in which the writer applied them.</param>
/// <param name="StoredBytes">Bytes in the file when known without reading chunk indexes, else -1.</param>
internal sealed record StorageSummary(string Layout, IReadOnlyList<long> Chunk, IReadOnlyList<string> Filters, long StoredBytes);

/// <summary>Reads strings forward, a block at a time. Not thread-safe; dispose it.</summary>
internal abstract class StringCursor : IDisposable
{
    /// <summary>Fills the block with the next strings, at least one; returns false at the end.</summary>
    /// <remarks>A string is its stored UTF-8 bytes, without padding; a null reference is the empty string.</remarks>
    internal abstract bool Read(StringBlock block);

    /// <summary>
    /// Passes over the next strings, as many as there are, and returns their bytes, where the format keeps lengths apart from bytes; else
    /// -1, and then the cursor is of no more use. Reading gives as many bytes, or fewer where a string ends at a NUL before its length.
    /// </summary>
    internal virtual long Pass(long strings) => -1;

    public virtual void Dispose()
    {
    }
}

/// <summary>A reused run of strings: bytes of string i are <c>Bytes[Offsets[i] .. Offsets[i + 1]]</c>. Dispose it: its memory is pooled.</summary>
internal sealed class StringBlock : IDisposable
{
    /// <summary>Strings in a block at most: small enough for the cache, large enough to pay for the call.</summary>
    internal const int Capacity = 4096;

    /// <summary>Bytes of a string that <see cref="TryGetShort"/> gives.</summary>
    internal const int ShortBytes = 16;

    // A string that is no longer is copied by one load and one store, where both sides have room for so many bytes.
    private const int WideBytes = 32;

    private const int MaxPooled = 1 << 20;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(32 * Capacity);
    private readonly int[] _offsets = new int[Capacity + 1];

    internal int Count { get; private set; }

    /// <summary>Count + 1 offsets into <see cref="Bytes"/>; the first is 0.</summary>
    internal ReadOnlySpan<int> Offsets => _offsets.AsSpan(0, Count + 1);

    /// <summary>All bytes of the block's strings, one after the other.</summary>
    internal ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _offsets[Count]);

    internal bool IsFull => Count == Capacity;

    internal ReadOnlySpan<byte> this[int index] => _bytes.AsSpan(_offsets[index], _offsets[index + 1] - _offsets[index]);

    /// <summary>A string of up to <see cref="ShortBytes"/>, with zeros behind it; false when it is longer.</summary>
    internal bool TryGetShort(int index, out Vector128<byte> text)
    {
        int start = _offsets[index], length = _offsets[index + 1] - start;
        if (length > ShortBytes || start > _bytes.Length - ShortBytes)
        {
            text = default;
            return false;
        }

        Vector128<sbyte> inside = Vector128.GreaterThan(Vector128.Create((sbyte)length), Vector128<sbyte>.Indices);
        text = Vector128.LoadUnsafe(ref _bytes[0], (nuint)start) & inside.AsByte();
        return true;
    }

    internal void Clear() => Count = 0;

    public void Dispose()
    {
        if (_bytes.Length is > 0 and <= MaxPooled) { ArrayPool<byte>.Shared.Return(_bytes); }
        _bytes = [];
    }

    /// <summary>Appends a string of this length and returns where its bytes go.</summary>
    internal Span<byte> Add(int length)
    {
        int start = _offsets[Count];
        int end = checked(start + length);
        if (end > _bytes.Length) { Grow(end); }
        _offsets[++Count] = end;
        return _bytes.AsSpan(start, length);
    }

    /// <summary>Appends the string that is this range of the source.</summary>
    internal void Append(byte[] source, int start, int length)
    {
        int end = _offsets[Count];
        if (length <= WideBytes && start <= source.Length - WideBytes && end <= _bytes.Length - WideBytes)
        {
            Vector256.LoadUnsafe(ref source[0], (nuint)start).StoreUnsafe(ref _bytes[0], (nuint)end); // what follows is overwritten by the next
            _offsets[++Count] = end + length;
            return;
        }

        source.AsSpan(start, length).CopyTo(Add(length));
    }

    /// <summary>Ends every string at its first NUL.</summary>
    internal void EndAtNul()
    {
        if (!Bytes.Contains((byte)0)) { return; }
        int start = 0, end = 0;
        for (int i = 0; i < Count; i++)
        {
            ReadOnlySpan<byte> text = _bytes.AsSpan(start, _offsets[i + 1] - start);
            start = _offsets[i + 1];
            int nul = text.IndexOf((byte)0);
            if (nul >= 0) { text = text[..nul]; }
            text.CopyTo(_bytes.AsSpan(end));
            end += text.Length;
            _offsets[i + 1] = end;
        }
    }

    private void Grow(int atLeast)
    {
        int length = (int)Math.Min(Array.MaxLength, Math.Max(atLeast, 2L * _bytes.Length));
        byte[] larger = length <= MaxPooled ? ArrayPool<byte>.Shared.Rent(length) : GC.AllocateUninitializedArray<byte>(length);
        Bytes.CopyTo(larger);
        Dispose();
        _bytes = larger;
    }
}
