using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Hdf5;

/// <summary>An array in an HDF5 file.</summary>
internal sealed class Hdf5Dataset : ContainerArray
{
    // One value is read as one piece wherever values are read in pieces.
    private const int MaxValueBytes = 64 << 20;

    // The densest filter with a bound makes 1032 bytes of one; below the second limit any claim is soon read.
    private const long MostPerStoredByte = 2048, AlwaysRead = 1L << 30;

    private readonly FormatSource _source;
    private readonly Datatype _type;
    private readonly Dataspace _space;
    private readonly Layout _layout;
    private readonly FilterPipeline _pipeline;
    private readonly FillValue _fill;
    private readonly bool _isExternal;
    private readonly Lazy<AttributeTable> _attributes;
    private readonly Lazy<Hdf5Chunks> _chunks;
    private ValueReader? _rows;

    internal Hdf5Dataset(FormatSource source, string path, ObjectHeader header)
    {
        (_source, Path) = (source, path);
        HeaderMessage type = Require(header, MessageType.Datatype), space = Require(header, MessageType.Dataspace);
        _type = DatatypeParser.Parse(source, SharedMessage.Resolve(source, type).Span, type.Address);
        _space = Dataspace.Parse(source, SharedMessage.Resolve(source, space).Span, space.Address);
        HeaderMessage layout = Require(header, MessageType.Layout);
        _layout = Layout.Parse(source, SharedMessage.Resolve(source, layout), layout.Address);
        _pipeline = FilterPipeline.Parse(source, header);
        _fill = FillValueMessage.Parse(source, header, _type);
        _isExternal = header.Find(MessageType.ExternalFiles) is not null;
        _attributes = new Lazy<AttributeTable>(() => AttributeTable.Read(source, header));
        _chunks = new Lazy<Hdf5Chunks>(OpenChunks);
        Shape = _space.IsNull ? [] : [.. _space.Shape, .. _type.ArrayShape];
        _ = checked(_space.Count * _type.Size);
    }

    internal override string Path { get; }

    internal override IReadOnlyList<long> Shape { get; }

    internal override bool IsNull => _space.IsNull;

    internal override StoredType Type => Value.Stored;

    internal override IReadOnlyList<string> AttributeNames => Guard(() => _attributes.Value.Names);

    internal override StorageSummary Storage => new(
        _layout.Kind switch
        {
            LayoutKind.Compact => "compact",
            LayoutKind.Chunked => "chunked",
            LayoutKind.Virtual => "virtual",
            _ => "contiguous",
        },
        _layout.Chunk,
        [.. _pipeline.Filters.Select(filter => filter.Name)],
        StoredBytes);

    internal FormatSource Source => _source;

    /// <summary>The type of one entry of <see cref="Shape"/>.</summary>
    internal Datatype Value => _type.Element ?? _type;

    /// <summary>Entries of <see cref="Shape"/> in one stored value: more than 1 for an array type.</summary>
    private int PerValue => _type.Size / Value.Size;

    private long StoredBytes => _layout.Kind switch
    {
        LayoutKind.Compact => _layout.CompactData.Length,
        LayoutKind.Contiguous => _layout.Address == FormatSource.Undefined ? 0 : _space.Count * _type.Size,
        _ => _layout.FilteredSingle?.Length ?? -1,
    };

    internal override AttributeValue? FindAttribute(string name) => Guard(() => _attributes.Value.Find(name));

    internal override void RequireInProportion()
    {
        UInt128 claimed = (UInt128)_space.Count * (UInt128)_type.Size;
        if (claimed > AlwaysRead && claimed > (UInt128)_source.Length * MostPerStoredByte)
        {
            throw new UnsupportedContainerException(
                $"'{Path}' claims {claimed:N0} bytes of values in a file of {_source.Length:N0}: most of it was never written.");
        }
    }

    internal override void Read(ByteTarget target, ReadContext context)
    {
        RequireNumbers(Type, Path);
        if (_space.Count == 0) { return; }
        Guard<object?>(() =>
        {
            RequireReadable();
            if (_layout.Kind == LayoutKind.Chunked)
            {
                ChunkedReader.Read(_chunks.Value, target, context);
            }
            else
            {
                OpenFlat().Read(target, context);
            }

            return null;
        });
    }

    internal override unsafe void ReadRows(long first, long count, Span<byte> destination)
    {
        RequireNumbers(Type, Path);
        long rows = Shape.Count == 0 ? (IsNull ? 0 : 1) : Shape[0];
        CheckRange(first, count, rows);
        if (count == 0 || Count == 0) { return; }
        long rowBytes = Count / rows * Type.Size;
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, checked(count * rowBytes), nameof(destination));
        try
        {
            _rows ??= OpenValues();
            long perRow = rowBytes / Type.Size;
            _rows.Read(first * perRow, count * perRow, destination[..(int)(count * rowBytes)]);
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
        return Guard(() => new ValueStringCursor(
            Path,
            count == 0 ? new NoValues() : OpenValues(),
            new Hdf5StringDecoder(_source, Value),
            Type.Size,
            first,
            count));
    }

    internal override ContainerArray OpenField(string name) => Hdf5Field.Open(this, Value, Path, name, 0);

    /// <summary>A reader of the entries of <see cref="Shape"/>.</summary>
    internal ValueReader OpenValues() => Guard<ValueReader>(() =>
    {
        RequireReadable();
        ValueReader stored = _layout.Kind == LayoutKind.Chunked
            ? new ChunkedValueReader(_chunks.Value)
            : new FlatValueReader(OpenFlat(), _type.Size);
        return PerValue == 1 ? stored : new SplitValueReader(stored, _type.Size, Value.Size);
    });

    private static HeaderMessage Require(ObjectHeader header, MessageType type) => header.Find(type)
        ?? throw new DamagedContainerException(
            $"The array's object header at {header.Address:N0} has no {type} message.");

    private void RequireReadable()
    {
        if (_layout.Kind == LayoutKind.Virtual)
        {
            throw new UnsupportedContainerException(
                "A virtual dataset (pieces of other files) is not read; h5repack makes a plain one of it.");
        }

        if (_isExternal)
        {
            throw new UnsupportedContainerException("A dataset whose values lie in external files is not read.");
        }

        if (_type.Size > MaxValueBytes)
        {
            throw new UnsupportedContainerException(
                $"Values of {_type.Size:N0} bytes are not read; {MaxValueBytes:N0} is the limit.");
        }

        if (_layout.Kind == LayoutKind.Chunked) { _pipeline.RequireKnown(); }
    }

    private FlatArray OpenFlat()
    {
        FlatArray flat = new(_source, _layout, _type, checked(_space.Count * _type.Size), _fill);
        flat.Check();
        return flat;
    }

    private Hdf5Chunks OpenChunks()
    {
        ChunkGrid grid = new(_space.Shape, _space.MaxShape, _layout.Chunk, _type.Size);
        ChunkTable table = ChunkTable.Read(_source, _layout, grid, _pipeline.Filters.Count > 0);
        return new Hdf5Chunks(_source, _type, grid, table, _pipeline, _fill);
    }

    private T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception cause) when (Damage.IsCause(cause))
        {
            throw Damage.At(Path, cause);
        }
    }
}
