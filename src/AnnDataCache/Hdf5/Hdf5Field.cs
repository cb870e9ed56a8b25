using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>One member of an array of records in an HDF5 file.</summary>
internal sealed class Hdf5Field : RecordMember
{
    private readonly Hdf5Dataset _records;
    private readonly Datatype _type;

    private Hdf5Field(Hdf5Dataset records, string path, Datatype type, StoredField member, int offset)
        : base(records, path, member, offset) => (_records, _type) = (records, type);

    /// <param name="records">The array.</param>
    /// <param name="type">Type of a record, or of a record inside it.</param>
    /// <param name="path">Path of the array or of the record inside its records.</param>
    /// <param name="name">The member.</param>
    /// <param name="start">Where such a record starts in one of the array's.</param>
    internal static Hdf5Field Open(Hdf5Dataset records, Datatype type, string path, string name, int start)
    {
        StoredField member = Find(type.Stored, path, name);
        Datatype found = type.Members.First(entry => entry.Name == name).Type;
        return new Hdf5Field(records, $"{path}/{name}", found.Element ?? found, member, start + member.Offset);
    }

    protected override ValueReader OpenRecords() => _records.OpenValues();

    protected override StringDecoder OpenDecoder() => new Hdf5StringDecoder(_records.Source, _type);

    protected override ContainerArray OpenInner(StoredField inner, int start) => Open(_records, _type, Path, inner.Name, start);
}
