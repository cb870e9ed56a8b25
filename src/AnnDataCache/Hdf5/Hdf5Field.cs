using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Hdf5;

/// <summary>One member of an array of records, read as an array of its own.</summary>
internal sealed class Hdf5Field : ContainerArray
{
    private const int PieceBytes = 1 << 18;

    private readonly Hdf5Dataset _records;
    private readonly Datatype _type;
    private readonly int _offset;
    private ValueReader? _rows;

    private Hdf5Field(Hdf5Dataset records, string path, Datatype type, int offset)
    {
        (_records, Path, _type, _offset) = (records, path, type, offset);
        Shape = [.. records.Shape, .. type.ArrayShape];
    }

    internal override string Path { get; }

    internal override IReadOnlyList<string> AttributeNames => [];

    internal override StoredType Type => Value.Stored;

    internal override IReadOnlyList<long> Shape { get; }

    internal override bool IsNull => _records.IsNull;

    internal override StorageSummary Storage => _records.Storage;

    private Datatype Value => _type.Element ?? _type;

    private int PerRecord => _type.Size / Value.Size;

    internal static Hdf5Field Open(Hdf5Dataset records, Datatype type, int offset, string name) =>
        Open(records, records.Path, type, offset, name);

    internal override AttributeValue? FindAttribute(string name) => null;

    internal override void RequireInProportion() => _records.RequireInProportion();

    internal override void Read(ByteTarget target, ReadContext context)
    {
        Hdf5Dataset.RequireNumbers(Type, Path);
        if (_records.Count == 0) { return; }
        using ValueReader values = OpenRecords();
        int most = Math.Max(1, PieceBytes / _type.Size);
        byte[] piece = new byte[(int)Math.Min(most, _records.Count) * _type.Size];
        for (long first = 0; first < _records.Count; first += most)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            int count = (int)Math.Min(most, _records.Count - first);
            Guarded(values, first, count, piece);
            target.Write(first * _type.Size, piece.AsSpan(0, count * _type.Size));
            context.Progress?.Invoke((long)count * _type.Size);
        }
    }

    internal override void ReadRows(long first, long count, Span<byte> destination)
    {
        Hdf5Dataset.RequireNumbers(Type, Path);
        long rows = _records.Shape.Count == 0 ? 1 : _records.Shape[0];
        Hdf5Dataset.CheckRange(first, count, rows);
        if (count == 0 || _records.Count == 0) { return; }
        long perRow = _records.Count / rows;
        ArgumentOutOfRangeException.ThrowIfLessThan(
            destination.Length, checked(count * perRow * _type.Size), nameof(destination));
        _rows ??= OpenRecords();
        Guarded(_rows, first * perRow, count * perRow, destination);
    }

    internal override StringCursor OpenStrings(long first, long count)
    {
        Hdf5Dataset.RequireStrings(Type, Path);
        Hdf5Dataset.CheckRange(first, count, Count);
        RequireInProportion();
        ValueReader values = count == 0 ? new NoValues() : OpenRecords();
        if (PerRecord > 1) { values = new SplitValueReader(values, _type.Size, Value.Size); }
        return new Hdf5StringCursor(Path, values, new StringDecoder(_records.Source, Value), Type.Size, first, count);
    }

    internal override ContainerArray OpenField(string name) => PerRecord == 1
        ? Open(_records, Path, Value, _offset, name)
        : throw new UnsupportedContainerException(
            $"'{Path}' is an array inside a record; members of its entries are not read.");

    private static Hdf5Field Open(Hdf5Dataset records, string path, Datatype type, int offset, string name)
    {
        foreach (DatatypeMember member in type.Members)
        {
            if (member.Name == name)
            {
                return new Hdf5Field(records, $"{path}/{name}", member.Type, offset + member.Offset);
            }
        }

        string known = string.Join(", ", type.Members.Select(member => member.Name));
        throw new DamagedContainerException(
            $"'{path}' has no member '{name}'; its type is {type.Stored.Class} with members: {known}.");
    }

    private MemberValueReader OpenRecords() =>
        new(_records.OpenValues(), _records.Type.Size, _offset, _type.Size);

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
