using System.Text;
using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>A group of a Zarr store. Its members are looked for when they are first asked for.</summary>
internal sealed class ZarrGroup : ContainerGroup
{
    private readonly ZarrFile _file;
    private readonly AttributeJson _attributes;
    private readonly Lazy<string[]> _names;

    internal ZarrGroup(ZarrFile file, string path, AttributeJson attributes)
    {
        (_file, Path, _attributes) = (file, path, attributes);
        _names = new Lazy<string[]>(FindNames);
    }

    internal override string Path { get; }

    internal override object Identity => (_file, Path);

    internal override IReadOnlyList<string> AttributeNames => _attributes.Names;

    internal override IReadOnlyList<string> MemberNames => Damage.Guard(Path, () => _names.Value);

    internal override AttributeValue? FindAttribute(string name) => Damage.Guard(Path, () => _attributes.Find(name));

    internal override bool Contains(string name) =>
        KeyStore.IsName(name) && Damage.Guard(Path, () => _file.Nodes.Contains(KeyStore.Join(Path, name)));

    internal override ContainerNode Open(string name) => KeyStore.IsName(name)
        ? _file.OpenNode(KeyStore.Join(Path, name))
        : throw new DamagedContainerException($"'{Path}' has no member '{name}'.");

    internal override ContainerNode OpenReference(ulong address) =>
        throw new DamagedContainerException($"'{Path}': a Zarr store has no references, but one to {address:N0} is followed.");

    private string[] FindNames()
    {
        (byte[] Utf8, string Name)[] names =
            [.. _file.Nodes.Members(Path).Select(name => (Encoding.UTF8.GetBytes(name), name))];
        Array.Sort(names, static (a, b) => a.Utf8.AsSpan().SequenceCompareTo(b.Utf8));
        return [.. names.Select(name => name.Name)];
    }
}
