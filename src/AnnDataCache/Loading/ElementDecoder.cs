using AnnDataCache.Containers;
using AnnDataCache.Elements;
using AnnDataCache.Interop;

namespace AnnDataCache.Loading;

/// <summary>Reads elements of one version of a source as drafts of their parts: to make a part, or to compare it.</summary>
/// <param name="source">The version.</param>
/// <param name="container">Open for as long as this is used.</param>
/// <param name="context">Workers and cancellation.</param>
internal sealed class ElementDecoder(AnnDataSource source, ContainerFile container, ReadContext context)
{
    /// <summary>The path under which the tree of all elements is stored; no element of a file has it.</summary>
    internal const string TreePath = "";

    /// <summary>What was read is the version that gave the part its name (L1): the file may have been replaced before it was opened.</summary>
    internal bool IsUnchanged() => container.IsUnchanged() && source.IsCurrent();

    /// <exception cref="SourceException">Not even the root can be described.</exception>
    internal ElementInfo DescribeAll() => DescribeAll(TenXMatrix.AsAnnData(container.Root));

    /// <summary>Drafts an element and has the draft used; once more without a column that fails while it is used (L3).</summary>
    /// <param name="element">Description of one that has a part of its own; null for the tree of all.</param>
    /// <param name="use">Fills the draft into something, which a failed attempt leaves as it is.</param>
    /// <param name="refused">Told of columns that are left out; null to tell nobody.</param>
    /// <exception cref="SourceChangedException">It is damaged, and not the version that it was.</exception>
    /// <exception cref="CacheException">The element, or the whole source, cannot be read.</exception>
    internal T Decode<T>(ElementInfo? element, Func<ElementDraft, T> use, Action<ColumnException>? refused)
    {
        Dictionary<string, string> failed = new(StringComparer.Ordinal); // columns of a dataframe, with their reasons
        bool trustLengths = true; // of strings
        while (true)
        {
            try
            {
                ContainerGroup root = TenXMatrix.AsAnnData(container.Root);
                ElementContent content = element is null ? new TreeContent(DescribeAll(root)) : ContentReader.Read(root, element, failed);
                return use(ElementDraft.Of(content, source.Path, failed, context, trustLengths));
            }
            catch (ColumnException column)
            {
                if (!failed.TryAdd(column.Column, column.Message)) { throw new InvalidOperationException($"Column '{column.Column}' failed twice.", column); }
                refused?.Invoke(column);
            }
            catch (ShortStringsException) when (trustLengths)
            {
                trustLengths = false;
            }
            catch (SourceReadException unreadable)
            {
                throw new SourceException(CacheError.SourceUnreadable, unreadable.Message, unreadable);
            }
            catch (Exception damage) when (ContainerException.IsDamage(damage))
            {
                if (!IsUnchanged()) { throw new SourceChangedException(source.Path); }
                throw Unreadable(element, damage);
            }
        }
    }

    private ElementInfo DescribeAll(ContainerGroup root)
    {
        ElementInfo tree = ElementTree.Describe(root, root, "", null, withValues: false);
        if (tree.Kind == ElementKind.Refused) { throw new SourceException(CacheError.SourceUnreadable, $"'{source.Path}' cannot be read as AnnData: {tree.Reason}"); }
        return tree.Kind == ElementKind.Dict || !source.Stat.IsFolder
            ? tree
            : throw new SourceException(CacheError.SourceUnreadable,
                $"'{source.Path}' is a {tree.Kind.Name()}, an element of a store: open the store, and ask for the element by its path in it.");
    }

    /// <summary>Without its tree a source has nothing to offer.</summary>
    private CacheException Unreadable(ElementInfo? element, Exception damage) => element is null
        ? new SourceException(CacheError.SourceUnreadable, $"'{source.Path}' cannot be read: {damage.Message}", damage)
        : new ElementException(CacheError.ElementUnreadable, $"'{element.Path}' of '{source.Path}' cannot be read: {damage.Message}", damage);
}
