using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>Everything that decoding an array's chunks needs; shared by all threads.</summary>
internal sealed class ZarrChunks(KeyStore store, string prefix, ArrayMetadata metadata) : ChunkedArray(
    new ChunkGrid(metadata.Shape, metadata.Shape, metadata.Chunk, metadata.Type.Size),
    metadata.Type.IsObject ? FillValue.Zero : new FillValue(metadata.Fill))
{
    internal KeyStore Store => store;

    /// <summary>Of the keys of its chunks.</summary>
    internal string Prefix => prefix;

    internal ArrayMetadata Metadata => metadata;

    /// <summary>Null when chunks have keys of their own.</summary>
    internal ShardIndexes? Indexes { get; } = metadata.Shard is { } layout ? new ShardIndexes(layout, ChunksInShard(metadata)) : null;

    /// <summary>Bytes of a chunk's values.</summary>
    /// <exception cref="UnsupportedContainerException">More than a span can hold.</exception>
    internal int ChunkBytes => Grid.ChunkBytes <= ByteDecoder.MaxBytes
        ? (int)Grid.ChunkBytes
        : throw new UnsupportedContainerException(
            $"A chunk of {Grid.ChunkBytes:N0} bytes is not read; {ByteDecoder.MaxBytes:N0} is the limit. Write the store in smaller chunks.");

    internal override ZarrChunkDecoder OpenDecoder() => new(this);

    private static long ChunksInShard(ArrayMetadata metadata)
    {
        long chunks = 1;
        for (int i = 0; i < metadata.Shape.Length; i++) { chunks = checked(chunks * (metadata.Stored[i] / metadata.Chunk[i])); }
        return chunks;
    }
}
