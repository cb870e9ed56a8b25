using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>From a stored string value, fixed or variable, to its bytes without padding.</summary>
internal sealed class Hdf5StringDecoder(FormatSource source, Datatype type) : StringDecoder
{
    private GlobalHeap? _heap =
        type.Stored.Class == StoredClass.VariableString ? GlobalHeap.Rent(source) : null;

    internal override ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> value)
    {
        if (_heap is null) { return Trim(value); }

        // In memory every such string ends at its first NUL, so no program can have meant what may follow it.
        ReadOnlySpan<byte> text = _heap.Find(HeapReference.Parse(source, value));
        int end = text.IndexOf((byte)0);
        return end < 0 ? text : text[..end];
    }

    internal override void DecodeAll(ReadOnlySpan<byte> values, StringBlock block)
    {
        if (_heap is null)
        {
            base.DecodeAll(values, block);
            return;
        }

        _heap.Read(values, type.Size, block);
        block.EndAtNul();
    }

    internal override long Measure(ReadOnlySpan<byte> values) => _heap?.Measure(values, type.Size) ?? -1;

    public override void Dispose()
    {
        _heap?.Dispose();
        _heap = null; // it is somebody else's now
        base.Dispose();
    }

    protected override int ValueSize => type.Size;

    private ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> value)
    {
        if (type.Padding == StringPadding.NullTerminated)
        {
            int end = value.IndexOf((byte)0); // a writer may leave anything behind it
            return end < 0 ? value : value[..end];
        }

        value = value.TrimEnd((byte)0);
        return type.Padding == StringPadding.SpacePadded ? value.TrimEnd((byte)' ') : value;
    }
}
