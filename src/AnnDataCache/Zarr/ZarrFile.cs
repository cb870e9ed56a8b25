using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Zarr;

// A Zarr store, versions 2 and 3, read from its specifications. From the outside in:
//
//   ZarrFile, ZarrGroup, ZarrArray   what the floor above sees: nodes of a container
//   Chunks/     where a chunk's bytes are (a key, or a range of a shard), undoing its codecs, strings
//   Metadata/   JSON, nodes and their attributes; what both versions say of an array, in one form
//   Storage/    values by key and range: a folder or a zip
//
// Chunks are decoded by the same readers as HDF5's (Containers/Chunks). A shard is nothing to them: its inner chunks are the
// array's chunks, each a range of one value, so that threads share a shard and no shard is read as a whole.

/// <summary>An open Zarr store, or a group inside one. Thread-safe, but for the arrays' own forward readers.</summary>
internal sealed class ZarrFile : ContainerFile
{
    // A path is as deep as the file system or the zip makes it; a model is a few levels deep.
    private const int MaxPath = 4096;

    // In a zip. Behind more folders than this lies what somebody packed, not a store.
    private const int MaxFoldersAround = 4;

    private readonly KeyStore _store;

    private ZarrFile(KeyStore store, string root)
    {
        _store = store;
        Nodes = new NodeIndex(store, root);
        Root = OpenNode("") as ZarrGroup ?? throw new DamagedContainerException("It is an array, not a group: open the store that it belongs to.");
    }

    internal override ZarrGroup Root { get; }

    internal NodeIndex Nodes { get; }

    /// <summary>Opens a folder.</summary>
    /// <exception cref="ContainerException">It is not a Zarr group.</exception>
    /// <exception cref="PosixException">The folder cannot be opened.</exception>
    internal static ZarrFile OpenFolder(string path) => Open(new FolderStore(path), static _ => "");

    /// <summary>Opens a zip.</summary>
    /// <param name="path">The file.</param>
    /// <param name="inside">Path of a group inside the store; empty for its root.</param>
    /// <exception cref="ContainerException">It is no zip, or holds no Zarr group there.</exception>
    /// <exception cref="PosixException">The file cannot be opened.</exception>
    internal static ZarrFile OpenZip(string path, string inside)
    {
        return Open(Damage.Guard(path, () => new ZipStore(path)), found => KeyStore.Join(RootOf((ZipStore)found), inside).Trim('/'));
    }

    internal override bool IsUnchanged() => _store.IsUnchanged();

    public override void Dispose() => _store.Dispose();

    internal ContainerNode OpenNode(string path) => Damage.Guard<ContainerNode>(path, () =>
    {
        if (path.Length > MaxPath) { throw new DamagedContainerException($"A path of {path.Length:N0} characters is not read; {MaxPath:N0} is the limit."); }
        NodeText node = Nodes.Read(path);
        AttributeJson attributes = new(node.Attributes);
        if (!node.IsArray) { return new ZarrGroup(this, path, attributes); }
        ArrayMetadata metadata = Nodes.IsVersion3 ? ArrayVersion3.Parse(node.Metadata) : ArrayVersion2.Parse(node.Metadata);
        return new ZarrArray(_store, Nodes.KeyOf(path, ""), path, metadata, attributes);
    });

    private static ZarrFile Open(KeyStore store, Func<KeyStore, string> root)
    {
        try
        {
            return new ZarrFile(store, root(store));
        }
        catch (Exception cause) when (Damage.IsCause(cause))
        {
            store.Dispose();
            throw Damage.At(store.Path, cause);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Who zips a store's folder gets one folder around it, or some; what file managers put beside it is none.</summary>
    private static string RootOf(ZipStore store)
    {
        string[] names = [NodeIndex.Version3, NodeIndex.Group2, NodeIndex.Consolidated2];
        string at = "";
        for (int depth = 0; depth <= MaxFoldersAround; depth++)
        {
            if (names.Any(name => store.Contains(KeyStore.Join(at, name)))) { return at; }
            string[] inside = [.. store.Folders(at).Where(folder => folder != "__MACOSX").Select(folder => KeyStore.Join(at, folder))];
            string[] roots = [.. inside.Where(folder => names.Any(name => store.Contains(KeyStore.Join(folder, name))))];
            if (roots.Length == 1) { return roots[0]; }
            if (inside.Length != 1) { break; }
            at = inside[0];
        }

        string[] files = [.. store.Keys.Where(key => key.EndsWith(".h5ad", StringComparison.Ordinal) || key.EndsWith(".h5mu", StringComparison.Ordinal)).Take(1)];
        throw new UnsupportedContainerException(files.Length > 0
            ? $"This zip holds '{files[0]}', not a Zarr store: unzip it, and open that file."
            : "This zip holds no Zarr store: there is no zarr.json and no .zgroup at its top.");
    }
}
