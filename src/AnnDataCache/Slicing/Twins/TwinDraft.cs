using System.Runtime.InteropServices;
using AnnDataCache.Containers;
using AnnDataCache.Interop;
using AnnDataCache.Loading;
using AnnDataCache.Parts;
using AnnDataCache.Store;

namespace AnnDataCache.Slicing;

// The twin of a sparse part: the same matrix, stored along its other axis.
//
//   count    all workers read the part once: entries of each position (TwinCounts), range of the values
//   plan     the offsets are final; so are the types: the smallest that holds the other axis, the smallest that
//            holds the values exactly. One reservation of exactly that length
//   fill     all workers read the part again, block by block: a block is sorted by counting in a small private buffer,
//            then each run is written to its final place (TwinFill). No intermediate array of the matrix exists
//   seal     as every part
//
// T1  A run's place follows from the counts of all slices before it: within a position, entries keep the rows' order.
//     Equal to scipy's tocsc and tocsr, entry by entry, also of unsorted rows and of duplicates.
// T2  Every index and every run is checked again in the second pass: a part that changes in between (only a forger's
//     can) is an error, never a store outside of the reservation.
// T3  Private memory is the counts and one block for each worker, whatever the size of the matrix.

/// <summary>Plans and fills the twin of a sparse part.</summary>
internal sealed class TwinDraft : DerivedDraft
{
    /// <summary>The option in a twin's name.</summary>
    internal const string Name = "twin";

    private readonly SparseView _source;
    private readonly TwinCounts _counts;

    private TwinDraft(PartView part, TwinCounts counts)
    {
        (_source, _counts) = (SparseView.Of(part), counts);
        ColumnLayout column = part.Layout.Columns[0];
        DType index = IndexTypeFor(_source.Major), offset = _source.Entries <= int.MaxValue ? DType.Int32 : DType.Int64;
        Column = new ColumnLayout
        {
            Name = column.Name,
            Kind = ColumnKind.Sparse,
            Type = counts.ValueType,
            IndexType = index,
            OffsetType = offset,
            Rows = _source.Minor,
            Stored = counts.ValueType == _source.StoredType ? null : new Dictionary<string, string> { ["data"] = _source.StoredType.Name() },
            Offsets = new BufferRange(0, checked((_source.Minor + 1) * offset.Size())),
            Indices = new BufferRange(0, checked(_source.Entries * index.Size())),
            Values = new BufferRange(0, checked(_source.Entries * counts.ValueType.Size())),
        };
        Layout = new PartLayout
        {
            Kind = _source.IsCsr ? PartKind.Csc : PartKind.Csr,
            Element = part.Layout.Element,
            Source = part.Layout.Source,
            Derived = Name,
            EncodingType = _source.IsCsr ? "csc_matrix" : "csr_matrix",
            Shape = part.Layout.Shape,
            Columns = [Column],
        };
    }

    internal override PartLayout Layout { get; }

    private ColumnLayout Column { get; }

    /// <summary>Counts, which is the first pass over the part.</summary>
    /// <param name="part">A csr or csc part, pinned for as long as the draft is used.</param>
    /// <param name="context">Workers and cancellation.</param>
    internal static TwinDraft Of(PartView part, ReadContext context) => new(part, TwinCounts.Of(SparseView.Of(part), context));

    /// <summary>False when the other axis is so long, and so empty, that the offsets of a twin would be most of it.</summary>
    internal static bool IsWorthwhile(SparseView source) => source.Minor <= 1 << 20 || source.Minor / 8 <= source.Entries;

    /// <summary>The smallest index type of the part format that holds every position of an axis.</summary>
    internal static DType IndexTypeFor(long length) =>
        length <= byte.MaxValue + 1 ? DType.UInt8 : length <= ushort.MaxValue + 1 ? DType.UInt16 : length <= int.MaxValue ? DType.Int32 : DType.Int64;

    internal override void Fill(PartReservation reservation, ReadContext context)
    {
        WriteOffsets(reservation.Target);
        RunTarget target = new(reservation, Column);
        TwinFill fill = new(_source, _counts, target);
        Crew.ForEach(_counts.Slices, context.Workers, slice => fill.Fill(slice, context), context.Cancellation);
        Column.Canonical = _source.Canonical; // of unsorted rows it is not worth finding out
    }

    private void WriteOffsets(ByteTarget target)
    {
        long[] offsets = _counts.Offsets;
        if (Column.OffsetType == DType.Int64)
        {
            target.Write(Column.Offsets.Offset, MemoryMarshal.AsBytes(offsets.AsSpan()));
            return;
        }

        int[] narrow = new int[Math.Min(offsets.Length, 1 << 16)];
        for (int start = 0; start < offsets.Length; start += narrow.Length)
        {
            int count = Math.Min(narrow.Length, offsets.Length - start);
            for (int i = 0; i < count; i++) { narrow[i] = (int)offsets[start + i]; }
            target.Write(Column.Offsets.Offset + ((long)start * sizeof(int)), MemoryMarshal.AsBytes(narrow.AsSpan(0, count)));
        }
    }
}

/// <summary>Where runs of a twin go: into the mapped reservation, or by pwrite where the file system cannot give pages ahead.</summary>
internal sealed unsafe class RunTarget
{
    private readonly ByteTarget _target;
    private readonly byte* _mapped;
    private readonly ColumnLayout _column;

    internal RunTarget(PartReservation reservation, ColumnLayout column)
    {
        (_target, _column) = (reservation.Target, column);
        _mapped = reservation.TryMap();
    }

    internal DType IndexType => _column.IndexType;

    internal DType ValueType => _column.Type;

    /// <summary>Address of entry <paramref name="at"/>'s index and value, or null: then runs are written.</summary>
    internal bool TryGetAddresses(long at, out byte* index, out byte* value)
    {
        index = _mapped + _column.Indices.Offset + (at * IndexType.Size());
        value = _mapped + _column.Values.Offset + (at * ValueType.Size());
        return _mapped is not null;
    }

    internal void Write(long at, ReadOnlySpan<byte> indices, ReadOnlySpan<byte> values)
    {
        _target.Write(_column.Indices.Offset + (at * IndexType.Size()), indices);
        _target.Write(_column.Values.Offset + (at * ValueType.Size()), values);
    }
}
