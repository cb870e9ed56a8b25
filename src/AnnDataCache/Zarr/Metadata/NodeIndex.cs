using System.Text.Json;
using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>What the metadata say of one node.</summary>
/// <param name="IsArray">Else it is a group.</param>
/// <param name="Metadata">Of an array: <c>.zarray</c> or <c>zarr.json</c>.</param>
/// <param name="Attributes">Its attributes; null for none.</param>
internal sealed record NodeText(bool IsArray, JsonElement Metadata, JsonElement? Attributes);

/// <summary>Finds nodes by their own metadata, else by the consolidated ones, where the store has a folder of that name.</summary>
/// <remarks>
/// A node's own metadata count where there are both: they are written with the node, the consolidated ones later or never.
/// What only the consolidated ones name, and nothing is stored under, is not there.
/// </remarks>
internal sealed class NodeIndex
{
    internal const string Version3 = "zarr.json", Group2 = ".zgroup", Array2 = ".zarray", Attributes2 = ".zattrs", Consolidated2 = ".zmetadata";

    private readonly KeyStore _store;
    private readonly string _root;
    private readonly Dictionary<string, JsonElement> _consolidated = new(StringComparer.Ordinal);

    /// <param name="store">The store.</param>
    /// <param name="root">Key of the group that is read as a whole; empty for the store's own root.</param>
    /// <exception cref="DamagedContainerException">There is no group and no array.</exception>
    internal NodeIndex(KeyStore store, string root)
    {
        (_store, _root) = (store, root);
        IsVersion3 = store.Contains(KeyStore.Join(root, Version3));
        if (!IsVersion3 && !Group2s.Any(name => store.Contains(KeyStore.Join(root, name))))
        {
            throw new DamagedContainerException($"It is a folder, but no Zarr group: none of {Version3}, {string.Join(", ", Group2s)} is in it.");
        }

        ReadConsolidated();
    }

    /// <summary>All nodes of a store have one version.</summary>
    internal bool IsVersion3 { get; }

    private static readonly string[] Group2s = [Group2, Array2, Consolidated2];

    internal bool Contains(string path) => IsVersion3
        ? _store.Contains(KeyOf(path, Version3)) || IsConsolidated(path)
        : _store.Contains(KeyOf(path, Group2)) || _store.Contains(KeyOf(path, Array2)) || IsConsolidated(path);

    /// <summary>Names of the nodes in a group. What cannot be looked into is one of them, so that it is refused alone, with its reason.</summary>
    internal IEnumerable<string> Members(string path) => _store.Folders(KeyOf(path, "")).Where(name =>
    {
        try { return Contains(KeyStore.Join(path, name)); }
        catch (ContainerException) { return true; }
    });

    /// <exception cref="DamagedContainerException">No such node, or its metadata are damaged.</exception>
    internal NodeText Read(string path) => IsVersion3 ? Read3(path) : Read2(path);

    /// <summary>The key of a node, or of something in it.</summary>
    internal string KeyOf(string path, string name)
    {
        string key = path.Length == 0 ? _root : KeyStore.Join(_root, path);
        return name.Length == 0 ? key : KeyStore.Join(key, name);
    }

    private NodeText Read3(string path)
    {
        JsonElement node = Text(KeyOf(path, Version3)) ?? Consolidated(path, path) ?? throw Missing(path);
        if (node.Get("zarr_format").Integer("zarr_format") != 3) { throw ZarrJson.Wrong(node.Get("zarr_format"), "zarr_format", "3"); }
        return node.Get("node_type").Text("node_type") switch
        {
            "array" => new NodeText(true, node, node.Find("attributes")),
            "group" => new NodeText(false, node, node.Find("attributes")),
            string other => throw new DamagedContainerException($"A node is a '{other}'; 'group' and 'array' are possible."),
        };
    }

    private NodeText Read2(string path)
    {
        JsonElement? Find(string name) => Text(KeyOf(path, name)) ?? Consolidated(path, KeyStore.Join(path, name));
        JsonElement? attributes = Find(Attributes2);
        if (Find(Array2) is { } array) { return new NodeText(true, array, attributes); }
        return Find(Group2) is { } group ? new NodeText(false, group, attributes) : throw Missing(path);
    }

    private static DamagedContainerException Missing(string path) => new($"There is no group or array '{path}'.");

    private JsonElement? Text(string key) => _store.Read(key, ZarrJson.MaxConsolidatedBytes) is { } text
        ? ZarrJson.Parse(text.Length <= ZarrJson.MaxBytes || key == KeyOf("", Version3) ? text : throw TooLarge(key, text.Length), key) // the root's has all nodes'
        : null;

    private static DamagedContainerException TooLarge(string key, long bytes) =>
        new($"'{key}' has {bytes:N0} bytes; the limit is {ZarrJson.MaxBytes:N0}.");

    private bool IsConsolidated(string path) => _consolidated.Count > 0
        && (IsVersion3 ? _consolidated.ContainsKey(path) : _consolidated.ContainsKey(KeyStore.Join(path, Array2)) || _consolidated.ContainsKey(KeyStore.Join(path, Group2)))
        && HasFolder(path);

    private JsonElement? Consolidated(string path, string key) =>
        _consolidated.TryGetValue(key, out JsonElement found) && HasFolder(path) ? found : null;

    private bool HasFolder(string path)
    {
        int cut = path.LastIndexOf('/');
        return path.Length == 0 || _store.Folders(KeyOf(cut < 0 ? "" : path[..cut], "")).Contains(path[(cut + 1)..]);
    }

    private void ReadConsolidated()
    {
        JsonElement? all = null;
        if (IsVersion3)
        {
            if (_store.Read(KeyOf("", Version3), ZarrJson.MaxConsolidatedBytes) is { } text) { all = ZarrJson.Parse(text, Version3).Find("consolidated_metadata")?.Find("metadata"); }
        }
        else if (_store.Read(KeyOf("", Consolidated2), ZarrJson.MaxConsolidatedBytes) is { } text)
        {
            all = ZarrJson.Parse(text, Consolidated2).Find("metadata");
        }

        if (all is not { ValueKind: JsonValueKind.Object } nodes) { return; }
        foreach (JsonProperty node in ZarrJson.Guard(() => nodes.EnumerateObject().ToArray()))
        {
            string name = ZarrJson.Guard(() => node.Name);
            if (name.Split('/').All(step => KeyStore.IsName(step))) { _consolidated[name] = node.Value; }
        }
    }
}
