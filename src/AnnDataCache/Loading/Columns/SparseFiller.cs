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
        using RisingOffsets offsets = RisingOffsets.Read(
            _content.Offsets, Layout.Rows, _content.Values.Count, $"'{_content.Info.Path}': indptr", context.Cancellation);
        offsets.Write(target, Layout.Offsets, Layout.IndexType);
        DType stored = _content.Indices.Type.Number!.Value;
        IndexTarget indices = new(
            new OffsetTarget(target, Layout.Indices.Offset, Layout.Indices.Length), stored, Layout.IndexType, _minor, offsets.Memory, _content.Info.Path);
        _content.Indices.Read(indices, context);
        Layout.Canonical = indices.IsCanonical();
        _content.Values.Read(new OffsetTarget(target, Layout.Values.Offset, Layout.Values.Length), context);
    }
}
