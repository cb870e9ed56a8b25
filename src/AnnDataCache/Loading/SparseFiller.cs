using System.Runtime.InteropServices;
using AnnDataCache.Containers;
using AnnDataCache.Elements;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Loading;

/// <summary>A sparse matrix: offsets, indices and values, the first two in one integer type.</summary>
/// <remarks>scipy shares the arrays only when offsets and indices have the same type, so one rule decides for both.</remarks>
internal sealed class SparseFiller : ColumnFiller
{
    private readonly SparseContent _content;
    private readonly long _minor;

    internal SparseFiller(SparseContent content)
    {
        _content = content;
        bool csr = content.Info.Kind == ElementKind.Csr;
        long major = csr ? content.Info.Shape[0] : content.Info.Shape[1], entries = content.Values.Count;
        _minor = csr ? content.Info.Shape[1] : content.Info.Shape[0];
        DType index = entries <= int.MaxValue && _minor <= int.MaxValue ? DType.Int32 : DType.Int64;
        DType value = content.Values.Type.Number!.Value;
        Layout = new ColumnLayout
        {
            Name = content.Info.Name,
            Kind = ColumnKind.Sparse,
            Type = value,
            IndexType = index,
            Rows = major,
            Stored = StoredTypes(content, index),
            Offsets = new BufferRange(0, checked((major + 1) * index.Size())),
            Indices = new BufferRange(0, checked(entries * index.Size())),
            Values = new BufferRange(0, checked(entries * value.Size())),
        };
    }

    internal override ColumnLayout Layout { get; }

    private static Dictionary<string, string>? StoredTypes(SparseContent content, DType index)
    {
        DType offsets = content.Offsets.Type.Number!.Value, indices = content.Indices.Type.Number!.Value;
        return offsets == index && indices == index
            ? null
            : new Dictionary<string, string> { ["indices"] = indices.Name(), ["indptr"] = offsets.Name() };
    }

    internal override void Fill(ByteTarget target, ReadContext context)
    {
        using NativeBuffer offsets = ReadOffsets(context);
        WriteOffsets(offsets, target);
        DType stored = _content.Indices.Type.Number!.Value;
        IndexTarget indices = new(
            new OffsetTarget(target, Layout.Indices.Offset, Layout.Indices.Length), stored, Layout.IndexType, _minor, offsets, _content.Info.Path);
        _content.Indices.Read(indices, context);
        Layout.Canonical = indices.IsCanonical();
        _content.Values.Read(new OffsetTarget(target, Layout.Values.Offset, Layout.Values.Length), context);
    }

    /// <summary>All offsets as int64, checked: from 0 to the number of entries, never decreasing.</summary>
    private unsafe NativeBuffer ReadOffsets(ReadContext context)
    {
        long count = Layout.Rows + 1, entries = _content.Values.Count;
        DType stored = _content.Offsets.Type.Number!.Value;
        NativeBuffer offsets = new(checked(count * sizeof(long)));
        try
        {
            byte[] block = new byte[(int)Math.Min(BlockRows, count) * stored.Size()];
            long previous = 0;
            for (long row = 0; row < count; row += BlockRows)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                int rows = (int)Math.Min(BlockRows, count - row);
                _content.Offsets.ReadRows(row, rows, block.AsSpan(0, rows * stored.Size()));
                Span<long> values = MemoryMarshal.Cast<byte, long>(offsets.Span(row * sizeof(long), rows * sizeof(long)));
                IntegerConversion.Widen(block.AsSpan(0, rows * stored.Size()), stored, values);
                foreach (long offset in values)
                {
                    if (offset < previous || offset > entries || (row == 0 && values[0] != 0)) { throw BadOffset(offset, previous); }
                    previous = offset;
                }
            }

            return previous == entries ? offsets : throw BadOffset(previous, entries);
        }
        catch
        {
            offsets.Dispose();
            throw;
        }
    }

    private DamagedContainerException BadOffset(long offset, long other) => new(
        $"'{_content.Info.Path}': indptr must rise from 0 to {_content.Values.Count:N0}, but has {offset:N0} beside {other:N0}");

    private void WriteOffsets(NativeBuffer offsets, ByteTarget target)
    {
        int size = Layout.IndexType.Size();
        byte[] block = new byte[BlockRows * size];
        for (long row = 0; row <= Layout.Rows; row += BlockRows)
        {
            int rows = (int)Math.Min(BlockRows, Layout.Rows + 1 - row);
            Span<byte> stored = offsets.Span(row * sizeof(long), rows * sizeof(long));
            IntegerConversion.Convert(stored, DType.Int64, block, Layout.IndexType, long.MaxValue);
            target.Write(Layout.Offsets.Offset + (row * size), block.AsSpan(0, rows * size));
        }
    }
}
