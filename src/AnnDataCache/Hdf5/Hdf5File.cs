using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Hdf5;

// An HDF5 file, read from its specification. From the outside in:
//
//   Hdf5File, Hdf5Group, Hdf5Dataset, Hdf5Field   what the floor above sees: nodes of a container
//   Reading/   decoding an array on several threads into a target; reading runs of values; strings
//   Chunks/    where the chunks of an array lie (six indexes), and how one is decoded (filters)
//   Objects/   object headers and their messages, links, attributes
//   Types/     datatypes, shapes, fill values, byte order
//   Heaps/     where links, attributes and variable-length values are kept
//   Format/    bytes at an address, fields of a structure, checksums, B-trees, the superblock
//
// All reads are positional and metadata are read when they are asked for, so that damage in one object leaves the others
// readable. Every structure is read through FormatReader, which does not leave it; every address and length is checked
// by FormatSource; trees and chains remember where they have been.

/// <summary>An open HDF5 file. Thread-safe, but for the arrays' own forward readers.</summary>
internal sealed class Hdf5File : ContainerFile
{
    // Soft links that lead to soft links, and external files that lead to others.
    private const int MaxLinks = 16;

    // A group may be its own member; a path that goes round in it must end somewhere.
    private const int MaxPath = 4096;

    private readonly ExternalFiles _external;

    private Hdf5File(FormatSource source, Superblock superblock, int depth)
    {
        Source = source;
        _external = new ExternalFiles(this, depth);
        source.SharedMessages = new SharedMessageTable(source, superblock.Extension);
        Root = OpenObject(superblock.Root, "") as Hdf5Group
            ?? throw new DamagedContainerException(
                $"'{source.FilePath}': the root at {superblock.Root:N0} is not a group.");
    }

    internal override Hdf5Group Root { get; }

    internal FormatSource Source { get; }

    /// <exception cref="DamagedContainerException">Not an HDF5 file.</exception>
    /// <exception cref="PosixException">The file cannot be opened.</exception>
    internal static Hdf5File Open(string path) => Open(path, 0);

    internal static Hdf5File Open(string path, int depth)
    {
        SourceFile file = SourceFile.Open(path);
        try
        {
            FormatSource source = new(file, Superblock.Find(file));
            return new Hdf5File(source, Superblock.Read(source), depth);
        }
        catch (Exception cause) when (Damage.IsCause(cause))
        {
            file.Dispose();
            throw cause is ContainerException && cause.Message.Contains(path, StringComparison.Ordinal)
                ? (ContainerException)cause
                : Damage.At(path, cause);
        }
    }

    internal override bool IsUnchanged() => Source.IsUnchanged() && _external.AreUnchanged();

    /// <summary>Follows one link of a group.</summary>
    internal ContainerNode OpenMember(Hdf5Group group, string name, string path, int links)
    {
        if (path.Length > MaxPath)
        {
            throw new DamagedContainerException(
                $"'{path[..64]}…' has more than {MaxPath:N0} characters: groups in a circle?");
        }

        Link link = group.FindLink(name)
            ?? throw new DamagedContainerException($"'{group.Path}' has no member '{name}'.");
        if (links >= MaxLinks && link.Kind != LinkKind.Hard)
        {
            throw new DamagedContainerException(
                $"'{path}' leads through more than {MaxLinks} links, perhaps in a circle.");
        }

        switch (link.Kind)
        {
            case LinkKind.Hard:
                return OpenObject(link.Address, path);
            case LinkKind.Soft:
                return Walk(link.Target.StartsWith('/') ? Root : group, link.Target, path, links + 1);
            case LinkKind.External:
                Hdf5File file = _external.Open(link.File, path);
                return Walk(file.Root, link.Target, path, links + 1);
            default:
                throw new UnsupportedContainerException(
                    $"'{path}' is a link of a kind that is not read ({link.Target}).");
        }
    }

    internal ContainerNode OpenReference(ulong address) => address <= long.MaxValue
        ? OpenObject((long)address, $"object at {address}")
        : throw new DamagedContainerException($"The reference {address:N0} leads to no object.");

    public override void Dispose()
    {
        _external.Dispose();
        Source.Dispose();
    }

    private static ContainerNode Walk(Hdf5Group from, string target, string path, int links)
    {
        ContainerNode node = from;
        string[] names = target.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < names.Length; i++)
        {
            if (names[i] == ".") { continue; }
            if (node is not Hdf5Group group)
            {
                throw new DamagedContainerException(
                    $"'{path}' leads to '{target}', but '{names[i]}' would lie inside an array.");
            }

            bool isLast = i == names.Length - 1;
            string here = isLast ? path : string.Join('/', names[..(i + 1)]);
            if (group.FindLink(names[i]) is null)
            {
                throw new DamagedContainerException($"'{path}' leads to '{target}', which does not exist.");
            }

            node = group.OpenLinked(names[i], here, links);
        }

        return node;
    }

    private ContainerNode OpenObject(long address, string path)
    {
        try
        {
            ObjectHeader header = ObjectHeader.Read(Source, address);
            if (header.Find(MessageType.Layout) is not null) { return new Hdf5Dataset(Source, path, header); }
            if (GroupLinks.IsGroup(header)) { return new Hdf5Group(this, path, header); }
            throw header.Find(MessageType.Datatype) is not null
                ? new UnsupportedContainerException("This is a named datatype, neither a group nor an array.")
                : new DamagedContainerException($"The object at {address:N0} is neither a group nor an array.");
        }
        catch (Exception cause) when (Damage.IsCause(cause))
        {
            throw Damage.At(path, cause);
        }
    }
}
