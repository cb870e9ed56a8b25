using System.Buffers.Binary;
using AnnDataCache.Codecs;
using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>Indexes of an array's shards, read when they are first needed and shared by all threads.</summary>
/// <param name="layout">Where an index is.</param>
/// <param name="chunks">Chunks in a shard.</param>
internal sealed class ShardIndexes(ShardLayout layout, long chunks)
{
    internal const long Missing = -1; // 2^64 - 1

    private const int EntryBytes = 16, ChecksumBytes = 4;

    // Indexes are kept until they hold this many entries, then read again: a walk over an array needs few at a time.
    private const long MaxEntries = 1 << 19;

    private readonly Dictionary<long, long[]> _known = [];
    private readonly Lock _lock = new();

    /// <summary>Offset and length of each chunk of a shard, in pairs.</summary>
    internal long[] Of(long shard, StoredValue value)
    {
        lock (_lock)
        {
            if (_known.TryGetValue(shard, out long[]? known)) { return known; }
        }

        long[] read = Read(value);
        lock (_lock)
        {
            if ((_known.Count + 1) * chunks > MaxEntries) { _known.Clear(); }
            _known[shard] = read;
        }

        return read;
    }

    private long[] Read(StoredValue value)
    {
        long bytes = checked((chunks * EntryBytes) + (layout.HasChecksum ? ChecksumBytes : 0));
        if (bytes > value.Length || bytes > int.MaxValue)
        {
            throw new DamagedContainerException($"A shard of {value.Length:N0} bytes has no room for its index of {chunks:N0} chunks.");
        }

        byte[] raw = new byte[bytes];
        value.Read(layout.IsIndexFirst ? 0 : value.Length - bytes, raw);
        ReadOnlySpan<byte> entries = raw.AsSpan(0, (int)(chunks * EntryBytes));
        if (layout.HasChecksum)
        {
            uint stored = BinaryPrimitives.ReadUInt32LittleEndian(raw.AsSpan(entries.Length)), computed = Crc32C.Compute(entries);
            if (stored != computed) { throw new DamagedContainerException($"A shard's index has checksum {computed:X8}; {stored:X8} is stored."); }
        }

        long[] index = new long[2 * chunks];
        for (int i = 0; i < index.Length; i++)
        {
            index[i] = layout.IsBig ? BinaryPrimitives.ReadInt64BigEndian(entries[(8 * i)..]) : BinaryPrimitives.ReadInt64LittleEndian(entries[(8 * i)..]);
        }

        for (int i = 0; i < index.Length; i += 2)
        {
            bool isMissing = index[i] == Missing && index[i + 1] == Missing;
            if (!isMissing && (index[i] < 0 || index[i + 1] < 0 || index[i] > value.Length - index[i + 1]))
            {
                throw new DamagedContainerException(
                    $"Chunk {i / 2} of a shard, {index[i + 1]:N0} bytes at {index[i]:N0}, is not inside its {value.Length:N0} bytes.");
            }
        }

        return index;
    }
}
