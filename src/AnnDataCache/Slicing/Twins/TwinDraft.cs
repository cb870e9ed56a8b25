using System.Runtime.InteropServices;
using AnnDataCache.Containers;
using AnnDataCache.Interop;
using AnnDataCache.Loading;
using AnnDataCache.Parts;
using AnnDataCache.Store;

namespace AnnDataCache.Slicing;

// The twin of a sparse part: the same matrix, stored along its other axis.
//
//   count    all workers read the part once: entries of each position in each block of rows (TwinCounts), range of the values
//   plan     the offsets are final; so are the types: the smallest that holds the other axis, the smallest that
//            holds the values exactly. One reservation of exactly that length
//   fill     the reservation's pages are taken and mapped; then workers walk block after block, each block's entries having
//            places of their own in every position. No intermediate matrix exists (TwinFill)
//   seal     as every part
//
// T1  Blocks follow each other within a position, and a block's rows are walked in order: entries keep the rows' order.
//     Equal to scipy's tocsc and tocsr, entry by entry, also of unsorted rows and of duplicates.
// T2  Every place is checked again in the second pass: a part that changes in between (only a forger's can) is an error,
//     never a store outside of a block's places, nor a twin of other entries.
// T3  Private memory is counts of each block, whose number is bounded, and lines and cursors of each worker: whatever the
//     number of entries.

/// <summary>Plans and fills the twin of a sparse part.</summary>
internal sealed class TwinDraft : PartDraft
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
    /// <exception cref="StoreException">A twin of this part would be nothing but offsets.</exception>
    internal static TwinDraft Of(PartView part, ReadContext context)
    {
        SparseView source = SparseView.Of(part);
        return IsWorthwhile(source)
            ? new TwinDraft(part, TwinCounts.Of(source, context))
            : throw new StoreException(
                CacheError.TooLarge, $"'{part.Layout.Element}' has {source.Minor:N0} positions for {source.Entries:N0} entries: its twin would be nothing but offsets. Its slices are scanned.");
    }

    /// <summary>False when the other axis is so long, and so empty, that the offsets of a twin would be most of it.</summary>
    internal static bool IsWorthwhile(SparseView source) => source.Minor < 1 << 30 && (source.Minor <= 1 << 20 || source.Minor / 8 <= source.Entries);

    /// <summary>The smallest index type of the part format that holds every position of an axis.</summary>
    internal static DType IndexTypeFor(long length) =>
        length <= ushort.MaxValue + 1 ? DType.UInt16 : length <= int.MaxValue ? DType.Int32 : DType.Int64;

    internal override void Fill(ByteTarget target, ReadContext context)
    {
        WriteOffsets(target);
        new TwinFill(_source, _counts, Column, target).FillAll(context);
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
