using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Zarr;

/// <summary>An array of a Zarr store.</summary>
internal sealed class ZarrArray : ContainerArray
{
    // The densest codec with a bound makes 1032 bytes of one; below the second limit any claim is soon read.
    private const long MostPerStoredByte = 2048, AlwaysRead = 1L << 30;

    private readonly AttributeJson _attributes;
    private readonly KeyStore _store;
    private readonly string _key;
    private readonly Lazy<ZarrChunks> _chunks;
    private ValueReader? _rows;

    /// <param name="store">Where its chunks are.</param>
    /// <param name="key">Its own key.</param>
    /// <param name="path">Its path in the container.</param>
    /// <param name="metadata">What it is.</param>
    /// <param name="attributes">Of the node.</param>
    internal ZarrArray(KeyStore store, string key, string path, ArrayMetadata metadata, AttributeJson attributes)
    {
        (_store, _key, Path, Metadata, _attributes) = (store, key, path, metadata, attributes);
        _chunks = new Lazy<ZarrChunks>(() => new ZarrChunks(store, key, metadata));
    }

    internal override string Path { get; }

    internal ArrayMetadata Metadata { get; }

    internal override StoredType Type => Metadata.Type.Stored;

    internal override IReadOnlyList<long> Shape => Metadata.Shape;

    /// <summary>AnnData's None is an array here, marked by its encoding.</summary>
    internal override bool IsNull => false;

    internal override IReadOnlyList<string> AttributeNames => _attributes.Names;

    internal override StorageSummary Storage => new(
        Metadata.Shard is null ? "chunked" : $"shards {string.Join(" × ", Metadata.Stored)}, chunked",
        Metadata.Chunk,
        [.. Metadata.Codecs.Names],
        -1);

    internal override AttributeValue? FindAttribute(string name) => Damage.Guard(Path, () => _attributes.Find(name));

    internal override void RequireInProportion()
    {
        UInt128 claimed = (UInt128)Count * (UInt128)Type.Size;
        if (claimed <= AlwaysRead) { return; }
        long enough = (long)(claimed / MostPerStoredByte), stored = Damage.Guard(Path, () => _store.BytesBelow(_key, enough));
        if (stored < enough)
        {
            throw new UnsupportedContainerException($"'{Path}' claims {claimed:N0} bytes of values in chunks of {stored:N0}: most of it was never written.");
        }
    }

    internal override void Read(ByteTarget target, ReadContext context)
    {
        RequireNumbers(Type, Path);
        if (Count == 0) { return; }
        Damage.Guard<object?>(Path, () =>
        {
            if (Shape.Count == 0) { ReadScalar(target); }
            else { ChunkedReader.Read(_chunks.Value, target, context); }
            return null;
        });
    }

    internal override void ReadRows(long first, long count, Span<byte> destination)
    {
        RequireNumbers(Type, Path);
        long rows = Shape.Count == 0 ? 1 : Shape[0];
        CheckRange(first, count, rows);
        if (count == 0 || Count == 0) { return; }
        long perRow = Count / rows, bytes = checked(count * perRow * Type.Size);
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, bytes, nameof(destination));
        try
        {
            _rows ??= OpenValues();
            _rows.Read(first * perRow, count * perRow, destination[..(int)bytes]);
        }
        catch (Exception cause) when (Damage.IsCause(cause))
        {
            throw Damage.At(Path, cause);
        }
    }

    internal override StringCursor OpenStrings(long first, long count)
    {
        RequireStrings(Type, Path);
        CheckRange(first, count, Count);
        RequireInProportion();
        return Damage.Guard<StringCursor>(Path, () => Metadata.Type.IsObject
            ? new TextCursor(Path, _chunks.Value, first, count)
            : new ValueStringCursor(Path, count == 0 ? new NoValues() : OpenValues(), new FixedTextDecoder(Type), Type.Size, first, count));
    }

    internal override ContainerArray OpenField(string name) => ZarrField.Open(this, Type, Path, name, 0);

    /// <summary>A reader of the values in C order.</summary>
    internal ValueReader OpenValues() => Damage.Guard<ValueReader>(Path, () => Shape.Count == 0 ? new ScalarReader(_chunks.Value) : new ChunkedValueReader(_chunks.Value));

    private unsafe void ReadScalar(ByteTarget target)
    {
        byte[] value = new byte[Type.Size];
        using ScalarReader reader = new(_chunks.Value);
        reader.Read(0, 1, value);
        target.Write(0, value);
    }

    /// <summary>The one value of an array without axes.</summary>
    private sealed unsafe class ScalarReader(ZarrChunks array) : ValueReader
    {
        private readonly ChunkDecoder _decoder = array.OpenDecoder();

        internal override void Read(long first, long count, Span<byte> destination)
        {
            byte* value = _decoder.Decode(0);
            destination = destination[..array.Metadata.Type.Size]; // the chunk has no more
            if (value is null) { array.Fill.Fill(destination); }
            else { new ReadOnlySpan<byte>(value, destination.Length).CopyTo(destination); }
        }

        public override void Dispose() => _decoder.Dispose();
    }
}

/// <summary>One member of an array of records in a Zarr store.</summary>
internal sealed class ZarrField : RecordMember
{
    private readonly ZarrArray _records;

    private ZarrField(ZarrArray records, string path, StoredField member, int offset) : base(records, path, member, offset) => _records = records;

    /// <param name="records">The array.</param>
    /// <param name="type">Type of a record, or of a record inside it.</param>
    /// <param name="path">Path of the array or of the record inside its records.</param>
    /// <param name="name">The member.</param>
    /// <param name="start">Where such a record starts in one of the array's.</param>
    internal static ZarrField Open(ZarrArray records, StoredType type, string path, string name, int start)
    {
        StoredField member = Find(type, path, name);
        return new ZarrField(records, $"{path}/{name}", member, start + member.Offset);
    }

    protected override ValueReader OpenRecords() => _records.OpenValues();

    protected override StringDecoder OpenDecoder() => new FixedTextDecoder(Type);

    protected override ContainerArray OpenInner(StoredField inner, int start) => Open(_records, Type, Path, inner.Name, start);
}
