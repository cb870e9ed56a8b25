using AnnDataCache.Interop;

namespace AnnDataCache.Containers;

/// <summary>One member of an array of records, read as an array of its own.</summary>
/// <param name="records">What it is a member of.</param>
/// <param name="path">Its path.</param>
/// <param name="member">Its name, type and axes.</param>
/// <param name="offset">Bytes from the start of a record.</param>
internal abstract class RecordMember(ContainerArray records, string path, StoredField member, int offset) : ContainerArray
{
    private const int PieceBytes = 1 << 18;

    private readonly int _size = checked((int)(ChunkGrid.Product([.. member.Shape]) * member.Type.Size));
    private ValueReader? _rows;

    internal override string Path => path;

    internal override IReadOnlyList<string> AttributeNames => [];

    internal override StoredType Type => member.Type;

    internal override IReadOnlyList<long> Shape { get; } = [.. records.Shape, .. member.Shape];

    internal override bool IsNull => records.IsNull;

    internal override StorageSummary Storage => records.Storage;

    private int PerRecord => _size / Type.Size;

    internal override AttributeValue? FindAttribute(string name) => null;

    internal override void RequireInProportion() => records.RequireInProportion();

    internal override void Read(ByteTarget target, ReadContext context)
    {
        RequireNumbers(Type, Path);
        if (records.Count == 0) { return; }
        using ValueReader values = OpenMembers();
        int most = Math.Max(1, PieceBytes / _size);
        byte[] piece = new byte[(int)Math.Min(most, records.Count) * _size];
        for (long first = 0; first < records.Count; first += most)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            int count = (int)Math.Min(most, records.Count - first);
            Guarded(values, first, count, piece);
            target.Write(first * _size, piece.AsSpan(0, count * _size));
            context.Progress?.Invoke((long)count * _size);
        }
    }

    internal override void ReadRows(long first, long count, Span<byte> destination)
    {
        RequireNumbers(Type, Path);
        long rows = records.Shape.Count == 0 ? 1 : records.Shape[0];
        CheckRange(first, count, rows);
        if (count == 0 || records.Count == 0) { return; }
        long perRow = records.Count / rows;
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, checked(count * perRow * _size), nameof(destination));
        _rows ??= OpenMembers();
        Guarded(_rows, first * perRow, count * perRow, destination);
    }

    internal override StringCursor OpenStrings(long first, long count)
    {
        RequireStrings(Type, Path);
        CheckRange(first, count, Count);
        RequireInProportion();
        ValueReader values = count == 0 ? new NoValues() : OpenMembers();
        if (PerRecord > 1) { values = new SplitValueReader(values, _size, Type.Size); }
        return new ValueStringCursor(Path, values, OpenDecoder(), Type.Size, first, count);
    }

    internal override ContainerArray OpenField(string name)
    {
        if (PerRecord > 1)
        {
            throw new UnsupportedContainerException($"'{Path}' is an array inside a record; members of its entries are not read.");
        }

        return OpenInner(Find(Type, Path, name), offset);
    }

    /// <exception cref="DamagedContainerException">There is no such member.</exception>
    internal static StoredField Find(StoredType type, string path, string name) =>
        type.Fields.FirstOrDefault(field => field.Name == name)
        ?? throw new DamagedContainerException(
            $"'{path}' has no member '{name}'; its type is {type.Class} with members: {string.Join(", ", type.Fields.Select(field => field.Name))}.");

    /// <summary>A reader of whole records.</summary>
    protected abstract ValueReader OpenRecords();

    /// <summary>How this member's strings are stored.</summary>
    protected abstract StringDecoder OpenDecoder();

    /// <summary>A member of this member, which starts here in a record.</summary>
    protected abstract ContainerArray OpenInner(StoredField inner, int start);

    private MemberValueReader OpenMembers() => new(OpenRecords(), records.Type.Size, offset, _size);

    private void Guarded(ValueReader values, long first, long count, Span<byte> destination)
    {
        try
        {
            values.Read(first, count, destination);
        }
        catch (Exception cause) when (Damage.IsCause(cause))
        {
            throw Damage.At(Path, cause);
        }
    }
}
