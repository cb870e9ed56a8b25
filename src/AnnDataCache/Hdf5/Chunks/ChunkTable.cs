using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Where one chunk lies.</summary>
/// <param name="Number">In the grid of the current shape.</param>
/// <param name="Address">Of its stored bytes.</param>
/// <param name="Length">Stored bytes.</param>
/// <param name="FilterMask">Bit i set: filter i was left out for this chunk.</param>
internal readonly record struct ChunkEntry(long Number, long Address, long Length, uint FilterMask);

/// <summary>All stored chunks of an array, by number.</summary>
internal sealed class ChunkTable
{
    private readonly ChunkEntry[] _entries;

    private ChunkTable(ChunkEntry[] entries) => _entries = entries;

    internal int StoredCount => _entries.Length;

    /// <summary>False for a chunk that was never written.</summary>
    internal bool TryFind(long number, out ChunkEntry entry)
    {
        // When nothing is missing a chunk's number is its place.
        if (number < _entries.Length && _entries[number].Number == number)
        {
            entry = _entries[number];
            return true;
        }

        int low = 0, high = _entries.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            entry = _entries[middle];
            if (entry.Number == number) { return true; }
            (low, high) = entry.Number < number ? (middle + 1, high) : (low, middle - 1);
        }

        entry = default;
        return false;
    }

    internal static ChunkTable Read(FormatSource source, Layout layout, ChunkGrid grid, bool isFiltered)
    {
        ChunkCollector collector = new(source, grid, layout.EdgeChunksAreUnfiltered && isFiltered);
        if (layout.Address == FormatSource.Undefined || grid.Count == 0) { return new ChunkTable([]); }
        switch (layout.Index)
        {
            case ChunkIndexKind.BTree1:
                BTreeChunkIndex.ReadOld(source, layout.Address, grid, collector);
                break;
            case ChunkIndexKind.BTree2:
                BTreeChunkIndex.ReadNew(source, layout.Address, grid, isFiltered, collector);
                break;
            case ChunkIndexKind.Single:
                (long length, uint mask) = layout.FilteredSingle ?? (grid.ChunkBytes, 0);
                collector.Add(0, layout.Address, length, mask);
                break;
            case ChunkIndexKind.Implicit:
                ReadImplicit(source, layout.Address, grid, collector);
                break;
            case ChunkIndexKind.FixedArray:
                FixedArrayIndex.Read(
                    source, layout.Address, new ChunkOrder(grid, unlimitedAxis: -1), grid, isFiltered, collector);
                break;
            default:
                ExtensibleArrayIndex.Read(
                    source, layout.Address, ChunkOrder.UnlimitedFirst(grid), grid, isFiltered, collector);
                break;
        }

        return new ChunkTable(collector.Sorted());
    }

    private static void ReadImplicit(FormatSource source, long address, ChunkGrid grid, ChunkCollector collector)
    {
        ChunkOrder order = new(grid, unlimitedAxis: -1);
        Span<long> at = stackalloc long[grid.Rank];
        source.Check(address, checked(order.Count * grid.ChunkBytes), "chunked array without an index");
        for (long number = 0; number < grid.Count; number++)
        {
            grid.Locate(number, at);
            collector.Add(number, address + (order.Index(at) * grid.ChunkBytes), grid.ChunkBytes, 0);
        }
    }
}

/// <summary>Gathers the entries of an index and checks each.</summary>
internal sealed class ChunkCollector(FormatSource source, ChunkGrid grid, bool edgeIsUnfiltered)
{
    private readonly List<ChunkEntry> _entries = [];

    /// <summary>Takes a chunk; one outside the current shape (the array shrank) or never written is passed over.</summary>
    internal void Add(long number, long address, long length, uint filterMask)
    {
        if (number < 0 || address == FormatSource.Undefined) { return; }
        if (edgeIsUnfiltered && grid.IsPartial(number)) { filterMask = uint.MaxValue; }
        source.Check(address, length, "chunk");
        if (_entries.Count >= source.Length)
        {
            throw new DamagedContainerException(
                $"The chunk index has more entries than the file has bytes ({source.Length:N0}).");
        }

        _entries.Add(new ChunkEntry(number, address, length, filterMask));
    }

    internal ChunkEntry[] Sorted()
    {
        ChunkEntry[] entries = [.. _entries];
        Array.Sort(entries, static (a, b) => a.Number.CompareTo(b.Number));
        for (int i = 1; i < entries.Length; i++)
        {
            if (entries[i].Number == entries[i - 1].Number)
            {
                throw new DamagedContainerException(
                    $"The chunk index has two entries for chunk {entries[i].Number:N0}.");
            }
        }

        return entries;
    }
}
