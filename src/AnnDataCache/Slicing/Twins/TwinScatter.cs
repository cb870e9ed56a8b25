using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using AnnDataCache.Interop;

namespace AnnDataCache.Slicing;

/// <summary>Copies one value, perhaps into a narrower type that is known to hold it.</summary>
internal interface IValueCopy
{
    static abstract unsafe void Copy(byte* from, long source, byte* to, long destination);
}

/// <summary>The loop of the second pass: entries of all rows that lie in a buffer's range go to their places in it.</summary>
internal static unsafe class TwinScatter
{
    private const int RowsPerLook = 1 << 14;

    /// <summary>Where a row leaves the range is hard to predict, so the processor does not run ahead into the next rows by itself.</summary>
    private const int RowsAhead = 12;

    /// <summary>Entries of one row in one range below which that matters.</summary>
    private const int ShortRun = 32;

    /// <summary>Finds in every row where the entries of a position and those after it start.</summary>
    internal static void Seek(in SparseView source, long position, int[] cursors, CancellationToken cancellation)
    {
        if (position == 0) { return; }
        for (long row = 0; row < source.Major; row++)
        {
            if (row % RowsPerLook == 0) { cancellation.ThrowIfCancellationRequested(); }
            (long start, long end) = source.Row(row);
            cursors[row] = (int)(source.FindInRow(start, end, position) - start);
        }
    }

    /// <param name="source">The part.</param>
    /// <param name="buffer">What is gathered.</param>
    /// <param name="cursors">Of rows in order, where each goes on, if that is kept; moved behind the range.</param>
    /// <param name="target">Where a full buffer is written.</param>
    /// <param name="cancellation">Looked at between rows.</param>
    internal static void Run(in SparseView source, TwinBuffer buffer, int[]? cursors, ByteTarget target, CancellationToken cancellation)
    {
        ScatterArguments arguments = new(source, buffer, cursors, target, cancellation);
        bool narrows = buffer.ValueType != source.StoredType;
        switch (narrows ? source.StoredType : DType.Bool, buffer.ValueType.Size())
        {
            case (DType.Float32, 1): ByIndex<NarrowSingle<byte>>(arguments); break;
            case (DType.Float32, _): ByIndex<NarrowSingle<ushort>>(arguments); break;
            case (DType.Float64, 1): ByIndex<NarrowDouble<byte>>(arguments); break;
            case (DType.Float64, 2): ByIndex<NarrowDouble<ushort>>(arguments); break;
            case (DType.Float64, _): ByIndex<NarrowDouble<uint>>(arguments); break;
            case (DType.Int16 or DType.UInt16, _): ByIndex<NarrowInteger<ushort, byte>>(arguments); break;
            case (DType.Int32 or DType.UInt32, 1): ByIndex<NarrowInteger<uint, byte>>(arguments); break;
            case (DType.Int32 or DType.UInt32, _): ByIndex<NarrowInteger<uint, ushort>>(arguments); break;
            case (DType.Int64 or DType.UInt64, 1): ByIndex<NarrowInteger<ulong, byte>>(arguments); break;
            case (DType.Int64 or DType.UInt64, 2): ByIndex<NarrowInteger<ulong, ushort>>(arguments); break;
            case (DType.Int64 or DType.UInt64, _): ByIndex<NarrowInteger<ulong, uint>>(arguments); break;
            case (_, 1): ByIndex<Same<byte>>(arguments); break;
            case (_, 2): ByIndex<Same<ushort>>(arguments); break;
            case (_, 4): ByIndex<Same<uint>>(arguments); break;
            case (_, 8): ByIndex<Same<ulong>>(arguments); break;
            default: ByIndex<Same<UInt128>>(arguments); break;
        }
    }

    private static void ByIndex<TCopy>(in ScatterArguments arguments) where TCopy : struct, IValueCopy
    {
        switch (arguments.Source.IndexType == DType.Int32, arguments.Buffer.IndexType)
        {
            case (true, DType.UInt16): Scatter<int, ushort, TCopy>(arguments); break;
            case (true, DType.Int32): Scatter<int, int, TCopy>(arguments); break;
            case (true, _): Scatter<int, long, TCopy>(arguments); break;
            case (false, DType.UInt16): Scatter<long, ushort, TCopy>(arguments); break;
            case (false, DType.Int32): Scatter<long, int, TCopy>(arguments); break;
            case (false, _): Scatter<long, long, TCopy>(arguments); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a twin is built once: the run-time compiler must not begin with slow code
    private static void Scatter<TIndex, TRow, TCopy>(in ScatterArguments arguments)
        where TIndex : unmanaged, IBinaryInteger<TIndex> where TRow : unmanaged, IBinaryInteger<TRow> where TCopy : struct, IValueCopy
    {
        SparseView source = arguments.Source;
        TwinBuffer buffer = arguments.Buffer;
        TIndex* indices = (TIndex*)source.Indices;
        TRow* rows = (TRow*)buffer.Indices;
        byte* values = buffer.Values;
        (long first, ulong width, uint capacity) = (buffer.First, (ulong)(buffer.End - buffer.First), (uint)buffer.Capacity);
        Span<int> places = buffer.Places.AsSpan(0, (int)width);
        bool ordered = source.Canonical, looksAhead = arguments.Cursors is not null && capacity < ShortRun * (ulong)source.Major;
        long lastAhead = source.Major - RowsAhead;
        for (long row = 0; row < source.Major; row++)
        {
            if (row % RowsPerLook == 0) { arguments.Cancellation.ThrowIfCancellationRequested(); }
            if (looksAhead && row < lastAhead) { Prefetch(source, arguments.Cursors!, row + RowsAhead); }
            (long start, long end) = source.Row(row);
            long at = arguments.Cursors is { } known ? start + known[row] : ordered ? source.FindInRow(start, end, first) : start;
            for (; at < end; at++)
            {
                ulong inside = (ulong)(long.CreateTruncating(indices[at]) - first);
                if (inside >= width)
                {
                    if (ordered) { break; }
                    continue;
                }

                ref int next = ref places[(int)inside];
                if ((uint)next >= capacity) { next = buffer.Flush(arguments.Target); }
                int place = next++;
                rows[place] = TRow.CreateTruncating(row);
                TCopy.Copy(source.Values, at, values, place);
            }

            if (arguments.Cursors is { } cursors) { cursors[row] = (int)(at - start); }
        }
    }

    /// <summary>Asks for the entries of a row that comes soon. A hint: an address outside of the mapping is no fault.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)] // inlined, it takes the loop's registers
    private static void Prefetch(in SparseView source, int[] cursors, long row)
    {
        if (!Sse.IsSupported) { return; }
        long soon = source.Hint(row) + cursors[row];
        Sse.Prefetch0(source.Indices + (soon * source.IndexType.Size()));
        Sse.Prefetch0(source.Values + (soon * source.StoredType.Size()));
    }

    private readonly struct ScatterArguments(SparseView source, TwinBuffer buffer, int[]? cursors, ByteTarget target, CancellationToken cancellation)
    {
        internal readonly SparseView Source = source;
        internal readonly TwinBuffer Buffer = buffer;
        internal readonly int[]? Cursors = cursors;
        internal readonly ByteTarget Target = target;
        internal readonly CancellationToken Cancellation = cancellation;
    }

    private readonly struct Same<T> : IValueCopy where T : unmanaged
    {
        public static void Copy(byte* from, long source, byte* to, long destination) => ((T*)to)[destination] = ((T*)from)[source];
    }

    /// <summary>Signed and unsigned integers of one size are the same bytes.</summary>
    private readonly struct NarrowSingle<T> : IValueCopy where T : unmanaged, IBinaryInteger<T>
    {
        public static void Copy(byte* from, long source, byte* to, long destination) =>
            ((T*)to)[destination] = T.CreateTruncating(float.ConvertToIntegerNative<int>(((float*)from)[source]));
    }

    private readonly struct NarrowDouble<T> : IValueCopy where T : unmanaged, IBinaryInteger<T>
    {
        public static void Copy(byte* from, long source, byte* to, long destination) =>
            ((T*)to)[destination] = T.CreateTruncating(double.ConvertToIntegerNative<int>(((double*)from)[source]));
    }

    private readonly struct NarrowInteger<TFrom, TTo> : IValueCopy
        where TFrom : unmanaged, IBinaryInteger<TFrom> where TTo : unmanaged, IBinaryInteger<TTo>
    {
        public static void Copy(byte* from, long source, byte* to, long destination) =>
            ((TTo*)to)[destination] = TTo.CreateTruncating(((TFrom*)from)[source]);
    }
}
