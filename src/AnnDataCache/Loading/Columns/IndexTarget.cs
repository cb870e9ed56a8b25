using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Loading;

/// <summary>
/// Receives a sparse matrix's indices chunk by chunk: checks that each is on the other axis, converts them to the part's
/// type, and finds out whether they increase within every row.
/// </summary>
/// <remarks>
/// Chunks arrive in any order and from several threads. Each is checked inside while it is in the cache; the pairs that
/// straddle two chunks are checked at the end from the chunks' first and last values.
/// </remarks>
internal sealed unsafe class IndexTarget(
    ByteTarget inner, DType stored, DType wanted, long minor, NativeBuffer offsets, string path) : ByteTarget
{
    [ThreadStatic] private static byte[]? s_converted;

    private readonly ConcurrentBag<Run> _runs = [];
    private readonly long _rows = offsets.Length / sizeof(long);
    private int _disorder; // 1 once any thread has seen indices that do not increase; only ever set, read after all joined

    internal override void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) { return; }
        int count = bytes.Length / stored.Size();
        long first = offset / stored.Size();
        ReadOnlySpan<byte> indices = bytes;
        if (stored == wanted)
        {
            bool inRange = wanted == DType.Int32
                ? IntegerConversion.InRange(MemoryMarshal.Cast<byte, int>(bytes), minor)
                : IntegerConversion.InRange(MemoryMarshal.Cast<byte, long>(bytes), minor);
            if (!inRange) { throw OutOfRange(); }
        }
        else
        {
            int size = count * wanted.Size();
            if (s_converted is null || s_converted.Length < size) { s_converted = new byte[size]; }
            if (!IntegerConversion.Convert(bytes, stored, s_converted, wanted, minor)) { throw OutOfRange(); }
            indices = s_converted.AsSpan(0, size);
        }

        CheckOrder(indices, first, count);
        inner.Write(first * wanted.Size(), indices);
    }

    /// <summary>True when the indices increase strictly within each row. Call after the last write.</summary>
    internal bool IsCanonical()
    {
        Run[] runs = [.. _runs.OrderBy(run => run.Start)];
        for (int i = 1; i < runs.Length && _disorder == 0; i++)
        {
            if (runs[i].First <= runs[i - 1].Last && !IsRowStart(runs[i].Start, FindRow(runs[i].Start))) { _disorder = 1; }
        }

        return _disorder == 0;
    }

    private void CheckOrder(ReadOnlySpan<byte> indices, long first, int count)
    {
        if (wanted == DType.Int32)
        {
            ReadOnlySpan<int> values = MemoryMarshal.Cast<byte, int>(indices)[..count];
            if (Volatile.Read(ref _disorder) == 0 && !Increases(values, first)) { Volatile.Write(ref _disorder, 1); }
            _runs.Add(new Run(first, values[0], values[count - 1]));
            return;
        }

        ReadOnlySpan<long> wide = MemoryMarshal.Cast<byte, long>(indices)[..count];
        if (Volatile.Read(ref _disorder) == 0 && !Increases(wide, first)) { Volatile.Write(ref _disorder, 1); }
        _runs.Add(new Run(first, wide[0], wide[count - 1]));
    }

    /// <summary>Goes from one pair that does not rise to the next: where rows end, and nowhere else.</summary>
    private bool Increases<T>(ReadOnlySpan<T> values, long first) where T : unmanaged, IComparable<T>
    {
        long row = FindRow(first);
        long* starts = (long*)offsets.Address;
        for (int i = NextFall(values, 1); i < values.Length; i = NextFall(values, i + 1))
        {
            while (row < _rows && starts[row] < first + i) { row++; }
            if (!IsRowStart(first + i, row)) { return false; }
        }

        return true;
    }

    /// <summary>The first place from <paramref name="from"/> on whose value is not above the one before it; the length when there is none.</summary>
    private static int NextFall<T>(ReadOnlySpan<T> values, int from) where T : unmanaged, IComparable<T>
    {
        int at = from;
        ref T start = ref MemoryMarshal.GetReference(values);
        for (int width = Vector256<T>.Count; at <= values.Length - width; at += width)
        {
            Vector256<T> here = Vector256.LoadUnsafe(ref start, (nuint)at), before = Vector256.LoadUnsafe(ref start, (nuint)at - 1);
            uint falls = Vector256.LessThanOrEqual(here, before).ExtractMostSignificantBits();
            if (falls != 0) { return at + BitOperations.TrailingZeroCount(falls); }
        }

        while (at < values.Length && values[at].CompareTo(values[at - 1]) > 0) { at++; }
        return at;
    }

    /// <summary>The first row whose offset is not below the position.</summary>
    private long FindRow(long position)
    {
        long* starts = (long*)offsets.Address;
        long low = 0, high = _rows;
        while (low < high)
        {
            long middle = low + ((high - low) / 2);
            if (starts[middle] < position) { low = middle + 1; } else { high = middle; }
        }

        return low;
    }

    private bool IsRowStart(long position, long row) => row < _rows && ((long*)offsets.Address)[row] == position;

    private DamagedContainerException OutOfRange() =>
        new($"'{path}' has an index outside 0 … {minor - 1:N0}, the length of its other axis");

    private readonly record struct Run(long Start, long First, long Last);
}
