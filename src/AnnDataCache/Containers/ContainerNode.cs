namespace AnnDataCache.Containers;

// What AnnData's model needs of a file format: a tree of groups and arrays with attributes. Hdf5/ is one
// implementation; another format (Zarr) is another one. Elements/ knows only this floor.
//
// Everything read through it is hostile until checked: an implementation checks every offset and length, bounds depth
// and allocation by the size of the file, finds cycles, and throws ContainerException, never anything else but
// OperationCanceledException, EndOfStreamException and PosixException.

/// <summary>A group or an array of an open container. Valid until its <see cref="ContainerFile"/> is disposed.</summary>
internal abstract class ContainerNode
{
    /// <summary>Path inside the file without a leading slash; empty for the root.</summary>
    internal abstract string Path { get; }

    /// <summary>Names of the attributes, in ordinal order.</summary>
    internal abstract IReadOnlyList<string> AttributeNames { get; }

    /// <summary>Null when there is no such attribute.</summary>
    /// <exception cref="ContainerException">The attribute is damaged or of a type that is not read.</exception>
    internal abstract AttributeValue? FindAttribute(string name);
}

/// <summary>A group: names that lead to nodes.</summary>
internal abstract class ContainerGroup : ContainerNode
{
    /// <summary>Equal for one and the same group, by whatever names it was reached.</summary>
    internal virtual object Identity => this;

    /// <summary>Names of the members, in the order of their UTF-8 bytes, links that lead nowhere included.</summary>
    internal abstract IReadOnlyList<string> MemberNames { get; }

    internal abstract bool Contains(string name);

    /// <summary>Opens one member by its name (not a path). Soft and external links are followed.</summary>
    /// <exception cref="ContainerException">No such member, a damaged one, or a link that leads nowhere.</exception>
    internal abstract ContainerNode Open(string name);

    /// <summary>The group that an object reference read from this file leads to.</summary>
    /// <exception cref="ContainerException">The reference leads to no object.</exception>
    internal abstract ContainerNode OpenReference(ulong address);
}

/// <summary>An open file. Owns its descriptor; one per loading thread is not needed, all reads are positional.</summary>
internal abstract class ContainerFile : IDisposable
{
    internal abstract ContainerGroup Root { get; }

    /// <summary>True while the bytes are those of the file that was opened.</summary>
    internal abstract bool IsUnchanged();

    public abstract void Dispose();
}
