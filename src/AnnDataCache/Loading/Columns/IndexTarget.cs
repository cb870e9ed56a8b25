using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.InteropServices;
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
        int size = bytes.Length / stored.Size() * wanted.Size();
        long first = offset / stored.Size();
        ReadOnlySpan<byte> indices = bytes;
        if (stored != wanted)
        {
            if (s_converted is null || s_converted.Length < size) { s_converted = new byte[size]; }
            if (!IntegerConversion.Convert(bytes, stored, s_converted, wanted, minor)) { throw OutOfRange(); }
            indices = s_converted;
        }

        indices = indices[..size];
        if (wanted == DType.Int32)
        {
            Check(MemoryMarshal.Cast<byte, int>(indices), first);
        }
        else
        {
            Check(MemoryMarshal.Cast<byte, long>(indices), first);
        }

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

    private void Check<T>(ReadOnlySpan<T> values, long first) where T : unmanaged, IBinaryInteger<T>, ISignedNumber<T>, IMinMaxValue<T>
    {
        if (Volatile.Read(ref _disorder) == 0 && Increases(values, first, out bool isInRange))
        {
            _runs.Add(new Run(first, long.CreateTruncating(values[0]), long.CreateTruncating(values[^1])));
        }
        else
        {
            Volatile.Write(ref _disorder, 1);
            isInRange = IntegerConversion.InRange(values, minor);
        }

        if (!isInRange) { throw OutOfRange(); }
    }

    /// <summary>Goes from one pair that does not rise to the next: where rows end, and nowhere else.</summary>
    /// <param name="values">At least one.</param>
    /// <param name="first">Place of the first among all.</param>
    /// <param name="isInRange">Whether all are on the other axis, when they increase; else not known.</param>
    private bool Increases<T>(ReadOnlySpan<T> values, long first, out bool isInRange)
        where T : unmanaged, IBinaryInteger<T>, ISignedNumber<T>
    {
        IndexScan<T> scan = new(values, minor);
        long row = FindRow(first);
        long* starts = (long*)offsets.Address;
        isInRange = false;
        for (int i = scan.NextFall(1); i < values.Length; i = scan.NextFall(i + 1))
        {
            while (row < _rows && starts[row] < first + i) { row++; }
            if (!IsRowStart(first + i, row)) { return false; }
        }

        isInRange = scan.IsInRange;
        return true;
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
