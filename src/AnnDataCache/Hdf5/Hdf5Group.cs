using System.Text;
using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>A group in an HDF5 file. Its links are read when they are first asked for.</summary>
internal sealed class Hdf5Group : ContainerGroup
{
    private readonly Hdf5File _file;
    private readonly Lazy<AttributeTable> _attributes;
    private readonly Lazy<Dictionary<string, Link>> _links;
    private readonly Lazy<string[]> _names;

    internal Hdf5Group(Hdf5File file, string path, ObjectHeader header)
    {
        (_file, Path, Identity) = (file, path, (file.Source, header.Address));
        _attributes = new Lazy<AttributeTable>(() => AttributeTable.Read(file.Source, header));
        _links = new Lazy<Dictionary<string, Link>>(() => GroupLinks.Read(file.Source, header));
        _names = new Lazy<string[]>(SortNames);
    }

    internal override string Path { get; }

    internal override object Identity { get; }

    internal override IReadOnlyList<string> AttributeNames => Guard(() => _attributes.Value.Names);

    internal override IReadOnlyList<string> MemberNames => Guard(() => _names.Value);

    internal override AttributeValue? FindAttribute(string name) => Guard(() => _attributes.Value.Find(name));

    internal override bool Contains(string name) => Guard(() => _links.Value.ContainsKey(name));

    internal override ContainerNode Open(string name) =>
        OpenLinked(name, Path.Length == 0 ? name : $"{Path}/{name}", 0);

    internal override ContainerNode OpenReference(ulong address) => _file.OpenReference(address);

    /// <summary>Opens a member that was reached through so many links, under the path by which it was asked for.</summary>
    internal ContainerNode OpenLinked(string name, string path, int links) => _file.OpenMember(this, name, path, links);

    internal Link? FindLink(string name) => Guard(() => _links.Value.GetValueOrDefault(name));

    // .NET compares strings by UTF-16 units, which order characters beyond U+FFFF before U+E000.
    private string[] SortNames()
    {
        (byte[] Utf8, string Name)[] names =
            [.. _links.Value.Keys.Select(name => (Encoding.UTF8.GetBytes(name), name))];
        Array.Sort(names, static (a, b) => a.Utf8.AsSpan().SequenceCompareTo(b.Utf8));
        return [.. names.Select(name => name.Name)];
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
