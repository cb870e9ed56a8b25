using AnnDataCache.Codecs;
using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>One filter as the writer applied it.</summary>
internal sealed record Filter(int Id, string StoredName, uint[] ClientData)
{
    internal const int Deflate = 1, Shuffle = 2, Fletcher32 = 3, Szip = 4, NBit = 5, ScaleOffset = 6,
        Lzf = 32000, Blosc = 32001, Lz4 = 32004, BitShuffle = 32008, Zstd = 32015, Blosc2 = 32026;

    internal string Name => Id switch
    {
        Deflate => "gzip",
        Shuffle => "shuffle",
        Fletcher32 => "fletcher32",
        Szip => "szip",
        NBit => "nbit",
        ScaleOffset => "scaleoffset",
        Lzf => "lzf",
        Blosc => "blosc",
        Lz4 => "lz4",
        BitShuffle => "bitshuffle",
        Zstd => "zstd",
        Blosc2 => "blosc2",
        _ => StoredName.Length == 0 ? $"filter {Id}" : $"{StoredName} (filter {Id})",
    };

    internal bool IsKnown =>
        Id is Deflate or Shuffle or Fletcher32 or Szip or NBit or ScaleOffset or Lzf or Blosc or Lz4 or BitShuffle or Zstd or Blosc2;

    /// <summary>Bytes that one stored byte can become at most; null where the format sets no bound.</summary>
    internal long? MaxGrowth => Id switch
    {
        Deflate => 1032,
        Shuffle or Fletcher32 => 1,
        Szip => Codecs.Szip.MaxGrowth,
        NBit => Codecs.NBit.MaxGrowth(ClientData),
        Lzf => 264,
        Lz4 => 256,
        _ => null,
    };
}

/// <summary>The filters of a chunked array, in the order in which they were applied.</summary>
internal sealed class FilterPipeline
{
    private const int MaxFilters = 32; // the mask of a chunk has a bit for each

    private FilterPipeline(IReadOnlyList<Filter> filters) => Filters = filters;

    internal IReadOnlyList<Filter> Filters { get; }

    internal static FilterPipeline Parse(FormatSource source, ObjectHeader header)
    {
        if (header.Find(MessageType.FilterPipeline) is not { } message) { return new FilterPipeline([]); }
        FormatReader reader = source.Reader(
            SharedMessage.Resolve(source, message).Span, "filter pipeline", message.Address);
        int version = reader.Version(1, 2);
        int count = reader.Byte();
        if (count > MaxFilters) { throw reader.Damaged($"has {count} filters; {MaxFilters} are possible"); }
        if (version == 1) { reader.Skip(6); }
        Filter[] filters = new Filter[count];
        for (int i = 0; i < count; i++)
        {
            int id = reader.UInt16();
            int nameLength = version == 1 || id >= 256 ? reader.UInt16() : 0;
            reader.Skip(2); // optional or not: what was left out is said by the mask of each chunk
            uint[] clientData = new uint[reader.UInt16()];
            ReadOnlySpan<byte> name = reader.Take(version == 1 ? (nameLength + 7) & ~7 : nameLength);
            for (int k = 0; k < clientData.Length; k++) { clientData[k] = reader.UInt32(); }
            if (version == 1 && clientData.Length % 2 != 0) { reader.Skip(4); }
            filters[i] = new Filter(id, DatatypeParser.Text(name.TrimEnd((byte)0)), clientData);
        }

        return new FilterPipeline(filters);
    }

    /// <exception cref="UnsupportedContainerException">A filter is not read.</exception>
    internal void RequireKnown()
    {
        foreach (Filter filter in Filters)
        {
            if (!filter.IsKnown)
            {
                throw new UnsupportedContainerException(
                    $"The values are stored with {filter.Name}, a filter that is not read; "
                    + "h5repack can replace it by gzip.");
            }
        }
    }
}
