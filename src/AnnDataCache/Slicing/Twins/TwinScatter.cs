using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace AnnDataCache.Slicing;

/// <summary>Copies one value, perhaps into a narrower type that is known to hold it.</summary>
internal interface IValueCopy
{
    static abstract int Size { get; }

    static abstract unsafe void Copy(byte* from, long source, byte* to, long destination);
}

/// <summary>The loop of the second pass: entries of a block of rows that lie in a range go to the lines of their positions.</summary>
internal static unsafe class TwinScatter
{
    private const int RowsPerLook = 1 << 14;

    /// <param name="source">The part.</param>
    /// <param name="lines">Where entries are gathered.</param>
    /// <param name="firstRow">First row of the block.</param>
    /// <param name="endRow">The row behind it.</param>
    /// <param name="cursors">Where each row goes on, if rows are in order and walked for several ranges; moved behind the range. Else null.</param>
    /// <param name="cancellation">Looked at between rows.</param>
    internal static void Run(
        in SparseView source, TwinLines lines, long firstRow, long endRow, long* cursors, CancellationToken cancellation)
    {
        ScatterArguments arguments = new(source, lines, firstRow, endRow, cursors, cancellation);
        bool narrows = lines.ValueType != source.StoredType;
        switch (narrows ? source.StoredType : DType.Bool, lines.ValueType.Size())
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
        switch (arguments.Source.IndexType == DType.Int32, arguments.Lines.IndexType)
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
        int entries = TwinLines.EntriesOf(sizeof(TRow), TCopy.Size), lineBytes = entries * (sizeof(TRow) + TCopy.Size);
        SparseView source = arguments.Source;
        TwinLines lines = arguments.Lines;
        TIndex* indices = (TIndex*)source.Indices;
        byte* values = source.Values, memory = lines.Lines;
        uint* places = lines.Places;
        long* cursors = arguments.Cursors;
        (long first, ulong width) = (lines.First, (ulong)(lines.End - lines.First));
        bool ordered = source.Canonical;
        for (long row = arguments.FirstRow; row < arguments.EndRow; row++)
        {
            if (row % RowsPerLook == 0) { arguments.Cancellation.ThrowIfCancellationRequested(); }
            (long at, long end) = source.Row(row);
            if (cursors is not null) { at = cursors[row - arguments.FirstRow]; }
            for (; at < end; at++)
            {
                ulong inside = (ulong)(long.CreateTruncating(indices[at]) - first);
                if (inside >= width)
                {
                    if (ordered) { break; }
                    continue;
                }

                uint place = places[inside]++;
                long slot = place & (uint)(entries - 1);
                byte* line = memory + ((long)inside * lineBytes);
                ((TRow*)line)[slot] = TRow.CreateTruncating(row);
                TCopy.Copy(values, at, line + (entries * sizeof(TRow)), slot);
                if (slot == entries - 1) { lines.Flush((long)inside, place); }
            }

            if (cursors is not null) { cursors[row - arguments.FirstRow] = at; }
        }
    }

    /// <summary>Stores past the cache are seen by others only after this.</summary>
    internal static void Fence()
    {
        if (Sse.IsSupported) { Sse.StoreFence(); } else { Interlocked.MemoryBarrier(); }
    }

    private readonly struct ScatterArguments(
        SparseView source, TwinLines lines, long firstRow, long endRow, long* cursors, CancellationToken cancellation)
    {
        internal readonly SparseView Source = source;
        internal readonly TwinLines Lines = lines;
        internal readonly long FirstRow = firstRow, EndRow = endRow;
        internal readonly long* Cursors = cursors;
        internal readonly CancellationToken Cancellation = cancellation;
    }

    private readonly struct Same<T> : IValueCopy where T : unmanaged
    {
        public static int Size => sizeof(T);

        public static void Copy(byte* from, long source, byte* to, long destination) => ((T*)to)[destination] = ((T*)from)[source];
    }

    /// <summary>Signed and unsigned integers of one size are the same bytes.</summary>
    private readonly struct NarrowSingle<T> : IValueCopy where T : unmanaged, IBinaryInteger<T>
    {
        public static int Size => sizeof(T);

        public static void Copy(byte* from, long source, byte* to, long destination) =>
            ((T*)to)[destination] = T.CreateTruncating(float.ConvertToIntegerNative<int>(((float*)from)[source]));
    }

    private readonly struct NarrowDouble<T> : IValueCopy where T : unmanaged, IBinaryInteger<T>
    {
        public static int Size => sizeof(T);

        public static void Copy(byte* from, long source, byte* to, long destination) =>
            ((T*)to)[destination] = T.CreateTruncating(double.ConvertToIntegerNative<int>(((double*)from)[source]));
    }

    private readonly struct NarrowInteger<TFrom, TTo> : IValueCopy
        where TFrom : unmanaged, IBinaryInteger<TFrom> where TTo : unmanaged, IBinaryInteger<TTo>
    {
        public static int Size => sizeof(TTo);

        public static void Copy(byte* from, long source, byte* to, long destination) =>
            ((TTo*)to)[destination] = TTo.CreateTruncating(((TFrom*)from)[source]);
    }
}
