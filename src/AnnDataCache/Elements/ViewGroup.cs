using System.Buffers.Binary;
using AnnDataCache.Containers;

namespace AnnDataCache.Elements;

/// <summary>A group that no file has: members and attributes put together to show a file as AnnData.</summary>
internal sealed class ViewGroup(string path) : ContainerGroup
{
    private readonly SortedDictionary<string, ContainerNode> _members = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, AttributeValue> _attributes = new(StringComparer.Ordinal);

    internal override string Path => path;

    internal override IReadOnlyList<string> AttributeNames => [.. _attributes.Keys];

    internal override IReadOnlyList<string> MemberNames => [.. _members.Keys];

    internal override AttributeValue? FindAttribute(string name) => _attributes.GetValueOrDefault(name);

    internal override bool Contains(string name) => _members.ContainsKey(name);

    internal override ContainerNode Open(string name) => _members.TryGetValue(name, out ContainerNode? member)
        ? member
        : throw new DamagedContainerException($"'{path}' has no member '{name}'");

    internal override ContainerNode OpenReference(ulong address) =>
        throw new DamagedContainerException($"'{path}' holds no references, but one to {address:N0} is followed");

    internal ViewGroup With(string name, ContainerNode member)
    {
        _members.Add(name, member);
        return this;
    }

    /// <summary>Sets the attributes that say what this group is.</summary>
    internal ViewGroup As(string encodingType, string encodingVersion) =>
        WithStrings("encoding-type", encodingType).WithStrings("encoding-version", encodingVersion);

    internal ViewGroup WithStrings(string name, params string[] values)
    {
        StoredType type = new(StoredClass.VariableString, sizeof(long), "vlen-str-utf8");
        _attributes.Add(name, new AttributeValue(type, [values.Length], default, values));
        return this;
    }

    internal ViewGroup WithIntegers(string name, params long[] values)
    {
        byte[] bytes = new byte[values.Length * sizeof(long)];
        for (int i = 0; i < values.Length; i++) { BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * sizeof(long)), values[i]); }
        StoredType type = new(StoredClass.Number, sizeof(long), "i64") { Number = DType.Int64 };
        _attributes.Add(name, new AttributeValue(type, [values.Length], bytes, []));
        return this;
    }
}
